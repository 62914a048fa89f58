# verdict
beside main; leave; git -C main commit -q --allow-empty -m two; git clone -q --depth=1 "file://$PWD/main" repo; cd repo
:
