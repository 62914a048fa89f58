# verdict
basic --object-format=sha256
echo longer than before >a.txt
