# verdict
basic --ref-format=reftable
touched a.txt
