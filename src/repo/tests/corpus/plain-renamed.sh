# verdict
basic
git mv a.txt z.txt
