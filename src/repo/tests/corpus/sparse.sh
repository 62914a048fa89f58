# doubt
basic; git sparse-checkout set --no-cone /a.txt /link
