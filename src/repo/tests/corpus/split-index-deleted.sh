# verdict
basic; git update-index --split-index
rm b/d/e.txt
