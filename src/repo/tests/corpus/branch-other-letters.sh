# verdict
basic; git checkout -q -b ветка-日本
