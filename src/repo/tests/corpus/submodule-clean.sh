# doubt
submodule
