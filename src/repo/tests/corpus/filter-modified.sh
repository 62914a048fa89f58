# verdict
init; git config filter.up.clean 'tr a-z A-Z'; echo 't.txt filter=up' >.gitattributes; echo a >t.txt; old; commit; echo longer >t.txt
