# verdict
submodule; echo x >a.txt
