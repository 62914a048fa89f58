# verdict
mkdir -p ~/.config/git; echo '*.txt text' >~/.config/git/attributes; init; printf 'a\r\n' >t.txt; old; commit; touched t.txt
