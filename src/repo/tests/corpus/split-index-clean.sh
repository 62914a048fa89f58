# verdict
basic; git update-index --split-index
:
