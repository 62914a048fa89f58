# verdict
basic; git pack-refs --all; echo 2 >a.txt; commit
