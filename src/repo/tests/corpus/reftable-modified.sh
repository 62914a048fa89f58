# verdict
basic --ref-format=reftable
echo longer than before >a.txt
