# verdict
basic; git update-index --split-index
echo longer than before >a.txt
