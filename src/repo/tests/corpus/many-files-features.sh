# verdict
basic; git config index.threads 2; git config feature.manyFiles true; git update-index --force-write-index
