# verdict
init; printf 'one\r\ntwo\r\n' >t.txt; commit; printf '"t.txt" text=auto\n' >.gitattributes; git add .gitattributes; git commit -qm two; touched t.txt
