# verdict
init; printf '[attr]mine text\n*.txt mine\n' >.gitattributes; printf 'one\ntwo\n' >t.txt; commit; printf 'one\r\ntwo\r\n' >t.txt; git add t.txt; touched t.txt
