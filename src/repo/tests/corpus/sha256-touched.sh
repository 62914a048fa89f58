# verdict
basic --object-format=sha256
touched a.txt
