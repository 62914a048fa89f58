# verdict
basic; git update-index --split-index
echo again >a.txt; commit; git reset -q --soft HEAD~1
