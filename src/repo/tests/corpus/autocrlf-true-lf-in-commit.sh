# verdict
init; git config --global core.autocrlf true; printf 'one\r\n' >t.txt; commit; touched t.txt
