# verdict
beside main; leave; git -C main gc -q; git clone -q -s main repo; cd repo
echo longer than before >a.txt
