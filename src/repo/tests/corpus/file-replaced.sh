# verdict
basic; cp a.txt copy; mv copy a.txt
