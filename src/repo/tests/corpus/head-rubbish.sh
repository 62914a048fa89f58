# doubt
basic; echo rubbish >.git/HEAD
