# verdict
basic; git config core.trustctime false; chmod 600 a.txt
