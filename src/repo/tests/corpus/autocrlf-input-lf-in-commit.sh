# verdict
init; git config --global core.autocrlf input; printf 'one\r\n' >t.txt; commit; touched t.txt
