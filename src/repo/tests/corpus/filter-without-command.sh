# verdict
init; echo '*.txt filter=lfs' >.gitattributes; echo a >t.txt; old; commit; touched t.txt
