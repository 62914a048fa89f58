# verdict
init; git config --global core.autocrlf false; printf 'one\r\n' >t.txt; commit; touched t.txt
