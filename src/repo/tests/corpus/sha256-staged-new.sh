# verdict
basic --object-format=sha256
echo new >new; git add new
