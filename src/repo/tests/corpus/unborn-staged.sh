# verdict
init; echo a >a; git add a
