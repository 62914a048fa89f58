# verdict
basic; truncate -s 100 .git/index
