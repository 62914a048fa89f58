# verdict
basic; git config core.worktree ..
