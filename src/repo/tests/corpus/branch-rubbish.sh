# verdict
basic; echo rubbish >.git/refs/heads/main
