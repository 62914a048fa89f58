# verdict
basic
echo staged >b/c.txt; git add -A
