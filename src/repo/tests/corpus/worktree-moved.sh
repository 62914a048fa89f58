# doubt
# no branch
beside main; leave; git -C main worktree add -q ../tree; mv tree repo; cd repo
