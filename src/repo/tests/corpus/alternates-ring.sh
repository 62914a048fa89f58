# verdict
basic; echo "$PWD/.git/objects" >.git/objects/info/alternates
