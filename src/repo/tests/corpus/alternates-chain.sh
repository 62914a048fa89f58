# verdict
beside one; leave; git clone -q -s one two; git clone -q -s two repo; cd repo; git read-tree HEAD
