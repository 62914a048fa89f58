# verdict
diverged; git rebase -q side || :
