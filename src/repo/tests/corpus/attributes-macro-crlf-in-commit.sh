# verdict
init; printf 'one\r\ntwo\r\n' >t.txt; commit; printf '[attr]mine text\n*.txt mine\n' >.gitattributes; git add .gitattributes; git commit -qm two; touched t.txt
