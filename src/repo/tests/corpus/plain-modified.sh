# verdict
basic
echo longer than before >a.txt
