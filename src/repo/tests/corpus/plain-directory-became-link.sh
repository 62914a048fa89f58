# verdict
basic
mv b moved; ln -s moved b
