# verdict
basic; e=$(git hash-object -t tree -w /dev/null); t=$( (git ls-tree HEAD; printf "040000 tree %s\tzz\n" $e) | git mktree); git update-ref HEAD $(git commit-tree -m m $t); git read-tree HEAD
