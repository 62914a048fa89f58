# verdict
basic; git gc -q; git pack-refs --all
:
