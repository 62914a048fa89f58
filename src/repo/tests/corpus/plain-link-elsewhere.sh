# verdict
basic
ln -sf empty link
