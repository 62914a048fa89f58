# verdict
init; echo '*.txt -text' >.gitattributes; mkdir -p .git/info; echo 't.txt text' >.git/info/attributes; printf 'a\r\n' >t.txt; old; commit; touched t.txt
