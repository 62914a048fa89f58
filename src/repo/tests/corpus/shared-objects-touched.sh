# verdict
beside main; leave; git -C main gc -q; git clone -q -s main repo; cd repo
touched a.txt
