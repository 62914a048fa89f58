# verdict
init; mkdir d; printf 'a\n' >t.txt; cp t.txt d; echo '*.txt -text' >.gitattributes; echo 't.txt text' >d/.gitattributes; old; commit; printf 'a\r\n' >d/t.txt; git add -A; touched d/t.txt
