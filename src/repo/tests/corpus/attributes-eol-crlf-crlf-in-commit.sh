# verdict
init; printf 'one\r\ntwo\r\n' >t.txt; commit; printf '*.txt eol=crlf\n' >.gitattributes; git add .gitattributes; git commit -qm two; touched t.txt
