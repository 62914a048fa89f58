# verdict
# workspace: repo/u/v
basic; mkdir -p u/v
