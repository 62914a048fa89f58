# verdict
basic
echo FIRST >a.txt; git add -A; echo first >a.txt
