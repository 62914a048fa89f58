# verdict
init; git config core.ignoreCase true; echo '*.TXT text' >.gitattributes; printf 'a\r\n' >t.txt; old; commit; touched t.txt
