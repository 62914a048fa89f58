# verdict
basic; git read-tree --empty
