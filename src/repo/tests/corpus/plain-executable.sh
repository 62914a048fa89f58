# verdict
basic
chmod +x b/c.txt
