# verdict
init; echo '* text=auto' >.gitattributes; printf 'a\rb\r\n' >t.txt; old; commit; touched t.txt
