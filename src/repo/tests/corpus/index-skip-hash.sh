# verdict
git config --global index.skipHash true; basic
