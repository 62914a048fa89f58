# doubt
basic; git config core.bare true
