# doubt
basic; git config attr.tree HEAD
