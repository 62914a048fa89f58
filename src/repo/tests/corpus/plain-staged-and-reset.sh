# verdict
basic
echo FIRST >a.txt; git add -A; git reset -q; echo first >a.txt
