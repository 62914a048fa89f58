# doubt
# workspace: repo/.git/refs
basic
