# verdict
basic; git gc -q; git pack-refs --all
rm b/d/e.txt
