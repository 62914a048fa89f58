# verdict
# workspace: repo/nested/b
basic; echo dirty >a.txt; mkdir nested; cd nested; basic
