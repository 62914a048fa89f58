# verdict
beside source; leave; git -C source clone -q --bare . ../.bare; git -C .bare worktree add -q ../repo; cd repo
