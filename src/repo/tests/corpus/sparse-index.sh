# doubt
basic; git sparse-checkout set --cone --sparse-index b/d
