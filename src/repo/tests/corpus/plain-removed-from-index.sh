# verdict
basic
git rm -q --cached b/c.txt
