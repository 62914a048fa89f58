# doubt
init --bare
