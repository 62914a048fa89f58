# verdict
basic; git update-index --assume-unchanged a.txt; echo x >a.txt
