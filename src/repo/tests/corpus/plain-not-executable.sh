# verdict
basic
chmod -x run.sh
