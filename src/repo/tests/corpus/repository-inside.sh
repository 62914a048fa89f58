# doubt
basic; mkdir nested; (cd nested; basic); git add nested; git commit -qm nested
