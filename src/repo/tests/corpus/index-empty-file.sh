# doubt
basic; : >.git/index
