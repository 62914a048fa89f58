# verdict
beside main; leave; git -C main config extensions.worktreeConfig true; git -C main worktree add -q ../repo; cd repo; git config --worktree core.fileMode false; chmod +x a.txt
