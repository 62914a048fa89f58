# doubt
submodule; git config -f .gitmodules submodule.sub.ignore all; commit; git -C sub commit -q --allow-empty -m x
