# verdict
# workspace: repo/sub
submodule; cd sub; git checkout -q -B work
echo longer than before >a.txt
