# verdict
basic
chmod a-w a.txt
