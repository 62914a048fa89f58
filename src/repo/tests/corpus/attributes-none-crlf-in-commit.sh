# verdict
init; printf 'one\r\ntwo\r\n' >t.txt; commit; printf '\n' >.gitattributes; git add .gitattributes; git commit -qm two; touched t.txt
