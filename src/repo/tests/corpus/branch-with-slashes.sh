# verdict
basic; git checkout -q -b feature/deep/name
