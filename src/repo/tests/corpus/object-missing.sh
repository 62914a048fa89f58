# doubt
basic; t=$(git rev-parse HEAD^{tree}); git update-index --force-remove a.txt; rm .git/objects/$(echo $t | cut -c1-2)/$(echo $t | cut -c3-)
