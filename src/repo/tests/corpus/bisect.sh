# verdict
basic; echo x >a.txt; commit; echo y >a.txt; commit; git bisect start -q HEAD HEAD~2
