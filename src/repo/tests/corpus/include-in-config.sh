# verdict
basic; printf "[core]\nfileMode = false\n" >.git/more; git config include.path more; chmod +x a.txt; git config --unset core.fileMode
