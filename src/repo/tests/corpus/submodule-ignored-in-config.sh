# doubt
submodule; git config submodule.sub.ignore dirty; echo x >sub/a.txt
