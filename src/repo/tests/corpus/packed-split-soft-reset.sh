# verdict
basic; git gc -q; git update-index --split-index; git update-index --force-untracked-cache
echo again >a.txt; commit; git reset -q --soft HEAD~1
