# verdict
basic; git config core.symlinks false; rm link; printf a.txt >link
