# verdict
basic; git config core.fileMode false; chmod +x a.txt
