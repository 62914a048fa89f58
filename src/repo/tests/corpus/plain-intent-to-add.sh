# verdict
basic
echo n >n; git add -N n
