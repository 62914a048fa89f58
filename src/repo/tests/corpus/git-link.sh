# doubt
# no branch
beside other; ln -s ../other/.git .git; files
