# verdict
basic; git update-ref refs/remotes/o/x HEAD; git symbolic-ref HEAD refs/remotes/o/x
