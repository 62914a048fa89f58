# verdict
basic; rm a.txt; mkfifo a.txt
