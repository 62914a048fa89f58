# verdict
basic; git update-index --skip-worktree a.txt; echo x >a.txt
