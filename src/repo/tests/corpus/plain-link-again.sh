# verdict
basic
rm link; ln -s a.txt link
