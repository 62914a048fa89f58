# verdict
init; for n in $(seq 12); do seq 400 >long; echo $n >>long; commit; done; git repack -qadf --depth=50; git read-tree HEAD~3
