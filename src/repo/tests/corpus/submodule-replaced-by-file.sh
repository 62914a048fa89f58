# verdict
submodule; rm -rf sub; echo x >sub; echo y >a.txt
