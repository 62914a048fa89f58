# doubt
submodule; echo x >sub/a.txt
