# verdict
basic
echo x >b/d/e.txt; commit; git read-tree HEAD~1
