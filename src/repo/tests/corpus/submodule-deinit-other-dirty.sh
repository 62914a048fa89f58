# verdict
submodule; git submodule --quiet deinit -f sub; echo x >a.txt
