# verdict
basic; rm -r b; echo x >b
