# verdict
basic; git gc -q; git pack-refs --all
echo again >a.txt; commit; git reset -q --soft HEAD~1
