# doubt
basic; git config core.fsmonitor no-such-command
