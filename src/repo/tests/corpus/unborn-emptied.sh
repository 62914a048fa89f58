# verdict
init; echo a >a; git add a; git rm -q --cached a
