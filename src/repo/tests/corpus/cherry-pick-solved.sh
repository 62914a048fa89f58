# verdict
diverged; git cherry-pick side || :; echo both >a.txt; git add -A
