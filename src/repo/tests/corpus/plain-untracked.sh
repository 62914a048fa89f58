# verdict
basic
echo new >new
