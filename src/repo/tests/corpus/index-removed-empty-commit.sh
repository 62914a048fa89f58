# verdict
init; git commit -q --allow-empty -m e
