# verdict
basic; git checkout -q --detach; echo x >a.txt
