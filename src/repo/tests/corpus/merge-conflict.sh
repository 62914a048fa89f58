# verdict
diverged; git merge -q side || :
