# verdict
basic; git checkout -q -b side; git commit -q --allow-empty -m s; git checkout -q main; git commit -q --allow-empty -m m; git merge -q --no-commit --no-ff side
