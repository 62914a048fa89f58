# doubt
basic; git config core.autocrlf perhaps
