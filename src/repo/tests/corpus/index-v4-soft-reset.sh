# verdict
git config --global index.version 4
basic
echo again >a.txt; commit; git reset -q --soft HEAD~1
