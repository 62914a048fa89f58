# verdict
init; git config filter.lfs.clean 'git-lfs clean -- %f'; git config filter.lfs.required true
echo '*.bin filter=lfs' >.gitattributes; echo u >u; printf pointer >x.bin; old; git -c filter.lfs.clean=cat add -A; git commit -qm one; echo dirty >u
