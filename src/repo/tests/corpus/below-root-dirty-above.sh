# verdict
# workspace: repo/b/d
basic; echo x >a.txt
