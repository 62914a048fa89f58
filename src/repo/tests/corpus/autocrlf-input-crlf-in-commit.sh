# verdict
init; printf 'one\r\n' >t.txt; commit; git config --global core.autocrlf input; touched t.txt
