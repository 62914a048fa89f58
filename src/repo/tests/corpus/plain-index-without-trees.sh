# verdict
basic
git read-tree HEAD
