# verdict
beside main; leave; git -C main gc -q; git clone -q -s main repo; cd repo
echo again >a.txt; commit; git reset -q --soft HEAD~1
