# verdict
init
echo '*.bin filter=lfs diff=lfs merge=lfs -text' >.gitattributes
echo u >u
printf pointer >x.bin
old
commit
git config filter.lfs.clean 'git-lfs clean -- %f'
git config filter.lfs.process 'git-lfs filter-process'
git config filter.lfs.required true
