# verdict
basic --object-format=sha256
echo again >a.txt; commit; git reset -q --soft HEAD~1
