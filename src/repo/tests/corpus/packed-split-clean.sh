# verdict
basic; git gc -q; git update-index --split-index; git update-index --force-untracked-cache
:
