# verdict
init; printf '"t.txt" text=auto\n' >.gitattributes; printf 'one\ntwo\n' >t.txt; commit; printf 'one\r\ntwo\r\n' >t.txt; git add t.txt; touched t.txt
