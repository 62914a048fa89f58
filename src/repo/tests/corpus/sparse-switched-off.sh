# verdict
basic; git sparse-checkout set --no-cone /a.txt /link; git config --worktree core.sparseCheckout false; mkdir -p b; echo other >b/c.txt
