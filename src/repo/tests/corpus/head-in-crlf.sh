# verdict
basic; printf 'ref: refs/heads/main\r\n' >.git/HEAD
