# doubt
mkdir .git
