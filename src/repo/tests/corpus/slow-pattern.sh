# verdict
init; echo '*a*a*a*a*a*a*a*a*a*b text' >.gitattributes; echo a >t.txt; old; commit; touched t.txt
