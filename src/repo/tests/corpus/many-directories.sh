# verdict
init; for n in 1 2 3 4 5 6 7 8; do mkdir -p d$n/e; echo $n >d$n/e/f; done; commit; echo other >d7/e/f
