# verdict
git config --global index.version 4
basic
echo new >new; git add new
