# verdict
init; printf 'one\r\ntwo\r\n' >t.txt; commit; printf '* text\n*.txt !text\n' >.gitattributes; git add .gitattributes; git commit -qm two; touched t.txt
