# verdict
git config --global index.version 4
basic
rm b/d/e.txt
