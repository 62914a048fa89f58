# verdict
init; for name in -dash 'with blank' 'qu"ote' ümlaut 'a*b' '[x]' .dot 'new
line'; do echo x >"./$name"; done; commit
