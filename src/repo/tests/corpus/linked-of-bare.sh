# verdict
beside source; leave; git -C source clone -q --bare . ../bare.git; git -C bare.git worktree add -q ../repo; cd repo
