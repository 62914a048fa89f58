# verdict
beside main; leave; git -C main worktree add -q -b side ../repo; cd repo
echo again >a.txt; commit; git reset -q --soft HEAD~1
