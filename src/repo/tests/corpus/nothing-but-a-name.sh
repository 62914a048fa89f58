# nothing
echo x >x
