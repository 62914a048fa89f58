# verdict
init; echo 't.txt ident' >.gitattributes; echo '$Id: 0123 $' >t.txt; old; commit; touched t.txt
