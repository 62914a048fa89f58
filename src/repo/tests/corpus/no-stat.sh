# verdict
basic; rm .git/index; git read-tree HEAD
