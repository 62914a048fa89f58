# verdict
basic; : >.git/index.lock
