# verdict
basic; printf "[core]\nfileMode = false\n" >~/.more; git config --global includeIf.gitdir:/none/.path .more; chmod +x a.txt
