# verdict
basic; git checkout -q --orphan fresh
