# verdict
git config --global index.version 4
basic
:
