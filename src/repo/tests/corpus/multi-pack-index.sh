# verdict
basic; git repack -qd; echo z >z; commit; git repack -qd; git multi-pack-index write; git read-tree HEAD
