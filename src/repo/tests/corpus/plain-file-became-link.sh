# verdict
basic
rm a.txt; ln -s b/c.txt a.txt
