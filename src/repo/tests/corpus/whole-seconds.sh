# verdict
init; files; find . -path ./.git -prune -o -type f -exec touch -d @1700000000 {} +; commit; touch -d @1700000000 .git/index; echo FIRST >a.txt; touch -d @1700000000 a.txt
