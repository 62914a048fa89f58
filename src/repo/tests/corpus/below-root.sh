# verdict
# workspace: repo/b/d
basic
