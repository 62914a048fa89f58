# verdict
basic; git checkout -q --detach
