# verdict
basic
rm -r b
