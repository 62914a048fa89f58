# What every case begins with: an empty directory `repo` to stand in, and these words.
set -e
init() { git init -q -b main "$@" .; }
old() { find . -path ./.git -prune -o -type f -exec touch -h -d '1 hour ago' {} +; }
files() {
  mkdir -p b/d
  echo first >a.txt; echo second >b/c.txt; echo third >b/d/e.txt; : >empty
  echo '#!/bin/sh' >run.sh; chmod +x run.sh; ln -sf a.txt link
}
commit() { git add -A; git commit -q --allow-empty -m "${1:-one}"; }
basic() { init "$@"; files; old; commit; }
# A new time on the same bytes.
touched() { touch -d '30 minutes ago' "$@"; }
diverged() {
  basic; git checkout -q -b side; echo side >a.txt; commit
  git checkout -q main; echo main >a.txt; commit
}
# Repositories beside this one.
beside() { mkdir -p "../$1"; (cd "../$1" && basic); }
submodule() { beside inner; basic; git submodule add -q ../inner sub; commit; }
# Another directory takes this one's place.
leave() { cd ..; rmdir repo; }
