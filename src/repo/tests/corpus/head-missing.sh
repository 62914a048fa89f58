# doubt
basic; rm .git/HEAD
