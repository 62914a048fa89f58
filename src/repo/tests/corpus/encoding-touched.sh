# verdict
init; echo 't.txt text working-tree-encoding=UTF-16LE' >.gitattributes; printf 'a\0b\0\n\0' >t.txt; old; commit; touched t.txt
