# verdict
init; echo '*.txt text' >.gitattributes; printf 'a\r\n' >t.txt; old; commit; rm .gitattributes; touched t.txt
