# verdict
basic; rm a.txt; mkdir a.txt; echo x >a.txt/x
