# doubt
submodule; git -C sub commit -q --allow-empty -m x
