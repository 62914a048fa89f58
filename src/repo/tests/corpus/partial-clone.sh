# verdict
beside main; leave; git -C main config uploadpack.allowFilter true; git clone -q --filter=blob:none "file://$PWD/main" repo; cd repo
