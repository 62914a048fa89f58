# verdict
basic
echo FIRST >a.txt
