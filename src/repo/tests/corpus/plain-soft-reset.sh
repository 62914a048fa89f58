# verdict
basic
echo again >a.txt; commit; git reset -q --soft HEAD~1
