# doubt
# no branch
basic; git init -q --separate-git-dir ../elsewhere
