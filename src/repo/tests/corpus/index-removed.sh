# verdict
basic; rm .git/index
