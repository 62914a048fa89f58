# verdict
basic
rm b/d/e.txt
