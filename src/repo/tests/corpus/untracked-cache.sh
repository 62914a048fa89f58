# verdict
basic; git update-index --force-untracked-cache; git status >../out
