# verdict
basic --object-format=sha256
rm b/d/e.txt
