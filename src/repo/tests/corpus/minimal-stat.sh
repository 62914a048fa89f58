# verdict
basic; git config core.checkStat minimal; cp -p a.txt copy; mv copy a.txt
