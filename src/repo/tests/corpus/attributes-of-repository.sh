# doubt
basic; echo "*.txt text" >attr; git config core.attributesFile attr
