# verdict
basic --ref-format=reftable
:
