# verdict
basic
echo new >new; git add new
