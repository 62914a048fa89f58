# doubt
echo rubbish >.git
