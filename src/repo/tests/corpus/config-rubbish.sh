# doubt
basic; echo "[core" >.git/config
