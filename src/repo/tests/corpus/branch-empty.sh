# verdict
basic; : >.git/refs/heads/main
