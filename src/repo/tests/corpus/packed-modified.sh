# verdict
basic; git gc -q; git pack-refs --all
echo longer than before >a.txt
