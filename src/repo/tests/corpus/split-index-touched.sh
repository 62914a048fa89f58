# verdict
basic; git update-index --split-index
touched a.txt
