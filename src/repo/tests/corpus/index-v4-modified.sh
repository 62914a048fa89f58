# verdict
git config --global index.version 4
basic
echo longer than before >a.txt
