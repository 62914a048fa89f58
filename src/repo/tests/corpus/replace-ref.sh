# doubt
basic; echo 2 >a.txt; commit; git replace HEAD HEAD~1
