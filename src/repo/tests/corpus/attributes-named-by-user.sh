# verdict
echo '*.txt text' >~/attr; git config --global core.attributesFile '~/attr'; init; printf 'a\r\n' >t.txt; old; commit; touched t.txt
