# verdict
# no branch
basic; git branch other; git symbolic-ref refs/heads/alias refs/heads/other; git symbolic-ref HEAD refs/heads/alias
