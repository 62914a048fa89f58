# verdict
basic --object-format=sha256
:
