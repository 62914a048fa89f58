# verdict
basic; git gc -q; git pack-refs --all
echo new >new; git add new
