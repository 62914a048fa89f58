# doubt
# no branch
basic; mkdir ../else; git config core.worktree ../../else
