# verdict
basic; printf x >"$(printf 'f\376')"; commit
