# verdict
init
