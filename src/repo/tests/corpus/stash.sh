# verdict
basic; echo x >a.txt; git stash -q
