# verdict
beside main; leave; git -C main worktree add -q -b side ../repo; cd repo
:
