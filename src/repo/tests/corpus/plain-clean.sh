# verdict
basic
:
