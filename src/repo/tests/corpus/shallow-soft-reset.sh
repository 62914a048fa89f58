# verdict
beside main; leave; git -C main commit -q --allow-empty -m two; git clone -q --depth=1 "file://$PWD/main" repo; cd repo
echo again >a.txt; commit; git reset -q --soft HEAD~1
