# doubt
init; echo a >t.txt; echo 't.txt filter=up' >.gitattributes; old; commit; git config filter.up.clean 'tr a-z A-Z'; touched t.txt
