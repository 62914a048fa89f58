# verdict
basic; git update-index --split-index
echo new >new; git add new
