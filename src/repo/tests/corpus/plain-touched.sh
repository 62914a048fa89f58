# verdict
basic
touched a.txt
