//! Hints against git's own answers, on repositories of every layout and state that we could think of.
//!
//! Each case is built twice, once with files that git has to read again (their times are as young as the
//! index) and once with files whose stat it trusts, and each is probed three times: at first, again by the same
//! prober at once, and again when what may be remembered is remembered.
// Lists of cases, each a few words of set-up: rules for the length and shape of code do not help here.
#![allow(
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::similar_names,
    clippy::semicolon_if_nothing_returned,
    clippy::redundant_closure,
    clippy::redundant_closure_for_method_calls,
    clippy::format_collect,
    clippy::format_push_string
)]
#![cfg(unix)]

use taas_affinity::repo;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use repo::Doubt;
use support::{Place, Repo, Truth, probe, truth};

type Build = Box<dyn Fn(&Repo) + Sync>;

struct Case {
    name: String,
    build: Build,
    /// Below the case's directory.
    workspace: &'static str,
}

fn case(name: impl Into<String>, build: impl Fn(&Repo) + Sync + 'static) -> Case {
    Case {
        name: name.into(),
        build: Box::new(build),
        workspace: "repo",
    }
}

fn at(mut case: Case, workspace: &'static str) -> Case {
    case.workspace = workspace;
    case
}

/// Cases without a verdict, or without a branch, although git has one. `*` stands for both ages.
const WITHOUT: &[(&str, Doubt, &str)] = &[
    // name, doubt, why
    (
        "*/split index",
        Doubt::SplitIndex,
        "the entries lie in another file",
    ),
    (
        "*/split index, dirty",
        Doubt::SplitIndex,
        "the entries lie in another file",
    ),
    ("*/replace ref", Doubt::Replaced, "objects stand for others"),
    (
        "*/replace ref, packed",
        Doubt::Replaced,
        "objects stand for others",
    ),
    ("*/reftable", Doubt::Format, "the references lie in tables"),
    (
        "*/include in the repository's config",
        Doubt::Include,
        "a path that the repository chooses",
    ),
    (
        "*/relevant include in the user's config",
        Doubt::Include,
        "its condition is not evaluated",
    ),
    (
        "*/fsmonitor hook",
        Doubt::Setting,
        "a command decides what git looks at",
    ),
    (
        "*/separate git dir",
        Doubt::NotPointingBack,
        "may be another's repository",
    ),
    (
        "*/.git link to a repository",
        Doubt::NotPointingBack,
        "may be another's repository",
    ),
    (
        "*/core.worktree names the root",
        Doubt::Setting,
        "may name another's files",
    ),
    (
        "*/attr.tree",
        Doubt::Setting,
        "attributes come from a commit",
    ),
    (
        "*/attributes of the repository's choice, file touched",
        Doubt::Conversion,
        "a path that it chooses",
    ),
    (
        "fresh/attributes of the repository's choice",
        Doubt::Conversion,
        "a path that it chooses",
    ),
    (
        "*/core.worktree elsewhere",
        Doubt::Setting,
        "another's files",
    ),
    (
        "*/linked work tree, moved away by hand",
        Doubt::NotPointingBack,
        "it says that it is elsewhere",
    ),
    (
        "*/HEAD leads out",
        Doubt::Reference,
        "not a name that git writes",
    ),
    (
        "*/branch file is rubbish",
        Doubt::Reference,
        "not what git writes",
    ),
    (
        "*/branch file is empty",
        Doubt::Reference,
        "not what git writes",
    ),
    (
        "*/branch is a tag object",
        Doubt::Reference,
        "not what git writes",
    ),
    (
        "*/submodule ignored in .gitmodules",
        Doubt::Submodule,
        "a part of its state is hidden",
    ),
    (
        "*/submodule ignored in config",
        Doubt::Submodule,
        "a part of its state is hidden",
    ),
    (
        "*/submodule untracked, ignored by diff",
        Doubt::Submodule,
        "a part of its state is hidden",
    ),
    (
        "*/submodule with separate git dir",
        Doubt::Submodule,
        "may be another's repository",
    ),
    (
        "*/sparse index, directory put back",
        Doubt::Sparse,
        "the entries lie in a tree",
    ),
    (
        "*/sparse, file expected outside",
        Doubt::Sparse,
        "git does not look, or looks",
    ),
    (
        "*/configured filter, file touched",
        Doubt::Conversion,
        "it would have to be run",
    ),
    (
        "*/configured filter, same size",
        Doubt::Conversion,
        "it would have to be run",
    ),
    (
        "fresh/configured filter",
        Doubt::Conversion,
        "it would have to be run",
    ),
    (
        "*/required filter, file touched",
        Doubt::Conversion,
        "it would have to be run",
    ),
    (
        "*/encoding, file touched",
        Doubt::Conversion,
        "UTF-16 is not decoded",
    ),
    ("fresh/encoding", Doubt::Conversion, "UTF-16 is not decoded"),
    (
        "*/ident, file touched",
        Doubt::Conversion,
        "the keyword is not collapsed",
    ),
    (
        "fresh/ident",
        Doubt::Conversion,
        "the keyword is not collapsed",
    ),
    (
        "*/slow attribute pattern, file touched",
        Doubt::Conversion,
        "matching could take for ever",
    ),
    (
        "fresh/slow attribute pattern",
        Doubt::Conversion,
        "matching could take for ever",
    ),
    (
        "*/tree with an old mode",
        Doubt::Entry,
        "modes of git's first years",
    ),
    (
        "*/huge index",
        Doubt::TooLarge,
        "beyond 32 MiB the branch alone",
    ),
    (
        "*/no symlinks",
        Doubt::Setting,
        "a file stands for a symbolic link",
    ),
];

// ---- states -------------------------------------------------------------------------------------

/// Changes that make sense in every layout.
fn changes() -> Vec<(&'static str, fn(&Repo))> {
    vec![
        ("clean", |_| {}),
        ("modified", |r| r.write("a.txt", "longer than before\n")),
        ("same size", |r| r.write("a.txt", "FIRST\n")),
        ("touched", |r| r.touch("a.txt")),
        ("touched below", |r| r.touch("b/d/e.txt")),
        ("executable", |r| r.chmod("b/c.txt", 0o755)),
        ("not executable", |r| r.chmod("run.sh", 0o644)),
        ("read-only", |r| r.chmod("a.txt", 0o444)),
        ("deleted", |r| r.remove("b/d/e.txt")),
        ("directory deleted", |r| r.remove("b")),
        ("untracked", |r| r.write("new.txt", "new")),
        ("staged new", |r| {
            r.write("new.txt", "new");
            r.git("add new.txt");
        }),
        ("staged modified", |r| {
            r.write("b/c.txt", "staged\n");
            r.git("add -A");
        }),
        ("staged and taken back in the tree", |r| {
            r.write("a.txt", "FIRST\n");
            r.git("add -A");
            r.write("a.txt", "first\n");
        }),
        ("staged and unstaged", |r| {
            r.write("a.txt", "FIRST\n");
            r.git("add -A");
            r.git("reset -q");
            r.write("a.txt", "first\n");
        }),
        ("renamed", |r| {
            r.git("mv a.txt z.txt");
        }),
        ("removed from the index", |r| {
            r.git("rm -q --cached b/c.txt");
        }),
        ("intent to add", |r| {
            r.write("n", "n");
            r.git("add -N n");
        }),
        ("link to elsewhere", |r| {
            r.remove("link");
            r.link("empty", "link");
        }),
        ("link made again", |r| {
            r.remove("link");
            r.link("a.txt", "link");
        }),
        ("file became a link", |r| {
            r.remove("a.txt");
            r.link("b/c.txt", "a.txt");
        }),
        ("directory became a link", |r| {
            fs::rename(r.path("b"), r.path("moved")).unwrap();
            r.link("moved", "b");
        }),
        ("second commit", |r| {
            r.write("a.txt", "again\n");
            r.commit("two");
        }),
        ("soft reset", |r| {
            r.write("a.txt", "again\n");
            r.commit("two");
            r.git("reset -q --soft HEAD~1");
        }),
        ("index without trees", |r| {
            r.git("read-tree HEAD");
        }),
        ("index without trees, staged", |r| {
            r.write("b/d/e.txt", "x\n");
            r.git("add -A");
            r.git("commit -qm two");
            r.git("read-tree HEAD~1");
        }),
    ]
}

/// Layouts; each leaves the basic files committed in `repo`.
fn layouts() -> Vec<(&'static str, fn(&Repo))> {
    vec![
        ("plain", |r| r.basic()),
        ("sha256", |r| {
            r.init("--object-format=sha256");
            r.basic_files();
            r.commit("one");
        }),
        ("index version 4", |r| {
            r.init("");
            r.git("config index.version 4");
            r.basic_files();
            r.commit("one");
        }),
        ("packed", |r| {
            r.basic();
            r.git("gc -q");
            r.git("pack-refs --all");
        }),
        ("linked work tree", |r| {
            let main = r.place.repo("main");
            main.basic();
            fs::remove_dir(&r.dir).unwrap();
            main.git_args([
                "worktree",
                "add",
                "-q",
                "-b",
                "side",
                r.dir.to_str().unwrap(),
            ]);
        }),
        ("shared objects", |r| {
            let main = r.place.repo("main");
            main.basic();
            main.git("gc -q");
            fs::remove_dir(&r.dir).unwrap();
            main.git_args(["clone", "-q", "-s", ".", r.dir.to_str().unwrap()]);
        }),
        ("submodule", |r| {
            let inner = r.place.repo("inner");
            inner.basic();
            let outer = r.place.repo("outer");
            outer.basic();
            outer.git("submodule add -q ../inner sub");
            outer.commit("sub");
            outer.git("-C sub checkout -q -B work");
            fs::remove_dir(&r.dir).unwrap();
            std::os::unix::fs::symlink("outer/sub", &r.dir).unwrap();
        }),
    ]
}

fn matrix() -> Vec<Case> {
    let mut cases = Vec::new();
    for (layout_name, layout) in layouts() {
        for (at_change, (change_name, change)) in changes().into_iter().enumerate() {
            let submodule = layout_name == "submodule";
            // Git takes a tenth of a second to make one.
            if submodule && at_change % 3 != 0 {
                continue;
            }
            let case = case(format!("{layout_name}: {change_name}"), move |r: &Repo| {
                layout(r);
                change(r);
            });
            cases.push(if submodule {
                at(case, "outer/sub")
            } else {
                case
            });
        }
    }
    cases
}

fn heads() -> Vec<Case> {
    vec![
        case("unborn, empty", |r| r.init("")),
        case("unborn, staged", |r| {
            r.init("");
            r.write("a", "a");
            r.git("add a");
        }),
        case("unborn, index emptied again", |r| {
            r.init("");
            r.write("a", "a");
            r.git("add a");
            r.git("rm -q --cached a");
        }),
        case("orphan branch", |r| {
            r.basic();
            r.git("checkout -q --orphan fresh");
        }),
        case("detached", |r| {
            r.basic();
            r.git("checkout -q --detach");
        }),
        case("detached, dirty", |r| {
            r.basic();
            r.git("checkout -q --detach");
            r.write("a.txt", "x");
        }),
        case("branch with slashes", |r| {
            r.basic();
            r.git("checkout -q -b feature/deep/name");
        }),
        case("branch of other letters", |r| {
            r.basic();
            r.git("checkout -q -b ветка-日本");
        }),
        case("branch packed and loose", |r| {
            r.basic();
            r.git("pack-refs --all");
            r.write("a.txt", "2\n");
            r.commit("two");
        }),
        case("branch names another branch", |r| {
            r.basic();
            r.git("branch other");
            r.git("symbolic-ref refs/heads/alias refs/heads/other");
            r.git("symbolic-ref HEAD refs/heads/alias");
        }),
        case("HEAD is a symbolic link", |r| {
            r.basic();
            r.remove(".git/HEAD");
            r.link("refs/heads/main", ".git/HEAD");
        }),
        case("HEAD names a remote's branch", |r| {
            r.basic();
            let id = r.git("rev-parse HEAD");
            r.git(&format!("update-ref refs/remotes/o/x {id}"));
            r.git("symbolic-ref HEAD refs/remotes/o/x");
        }),
        case("HEAD in CRLF", |r| {
            r.basic();
            fs::write(r.path(".git/HEAD"), "ref: refs/heads/main\r\n").unwrap();
        }),
        case("HEAD missing", |r| {
            r.basic();
            r.remove(".git/HEAD");
        }),
        case("HEAD is rubbish", |r| {
            r.basic();
            fs::write(r.path(".git/HEAD"), "rubbish\n").unwrap();
        }),
        case("HEAD leads out", |r| {
            r.basic();
            fs::write(r.path(".git/HEAD"), "ref: refs/heads/../../../../x\n").unwrap();
        }),
        case("HEAD names a missing commit", |r| {
            r.basic();
            fs::write(r.path(".git/HEAD"), format!("{}\n", "1".repeat(40))).unwrap();
        }),
        case("branch file is rubbish", |r| {
            r.basic();
            fs::write(r.path(".git/refs/heads/main"), "rubbish\n").unwrap();
        }),
        case("branch file is empty", |r| {
            r.basic();
            fs::write(r.path(".git/refs/heads/main"), "").unwrap();
        }),
        case("branch is a tag object", |r| {
            r.basic();
            r.git_args(["tag", "-a", "-m", "t", "t"]);
            let id = r.git("rev-parse refs/tags/t");
            fs::write(r.path(".git/HEAD"), format!("{id}\n")).unwrap();
        }),
        case("reftable", |r| {
            r.init("--ref-format=reftable");
            r.basic_files();
            r.commit("one");
        }),
        case("replace ref", |r| {
            r.basic();
            r.write("a.txt", "2\n");
            r.commit("two");
            r.git("replace HEAD HEAD~1");
        }),
        case("replace ref, packed", |r| {
            r.basic();
            r.write("a.txt", "2\n");
            r.commit("two");
            r.git("replace HEAD HEAD~1");
            r.git("pack-refs --all");
        }),
    ]
}

fn operations() -> Vec<Case> {
    let diverged = |r: &Repo| {
        r.basic();
        r.git("checkout -q -b side");
        r.write("a.txt", "side\n");
        r.commit("side");
        r.git("checkout -q main");
        r.write("a.txt", "main\n");
        r.commit("main");
    };
    vec![
        case("merge conflict", move |r| {
            diverged(r);
            r.try_git(["merge", "side"]);
        }),
        case("rebase conflict", move |r| {
            diverged(r);
            r.try_git(["rebase", "side"]);
        }),
        case("cherry-pick conflict solved, not committed", move |r| {
            diverged(r);
            r.try_git(["cherry-pick", "side"]);
            r.write("a.txt", "both\n");
            r.git("add -A");
        }),
        case("merge without commit, same tree", |r| {
            r.basic();
            r.git("checkout -q -b side");
            r.git("commit -q --allow-empty -m side");
            r.git("checkout -q main");
            r.git("commit -q --allow-empty -m main");
            r.git("merge -q --no-commit --no-ff side");
        }),
        case("stash", |r| {
            r.basic();
            r.write("a.txt", "x\n");
            r.git("stash -q");
        }),
        case("stash popped", |r| {
            r.basic();
            r.write("a.txt", "x\n");
            r.git("stash -q");
            r.git("stash pop -q");
        }),
        case("bisect", |r| {
            r.basic();
            r.write("a.txt", "x\n");
            r.commit("two");
            r.write("a.txt", "y\n");
            r.commit("three");
            r.git("bisect start -q HEAD HEAD~2");
        }),
        case("index locked", |r| {
            r.basic();
            r.write(".git/index.lock", "");
        }),
        case("index removed", |r| {
            r.basic();
            r.remove(".git/index");
        }),
        case("index removed, empty commit", |r| {
            r.init("");
            r.git("commit -q --allow-empty -m e");
        }),
        case("index emptied", |r| {
            r.basic();
            r.git("read-tree --empty");
        }),
        case("index without checksum", |r| {
            r.init("");
            r.git("config index.skipHash true");
            r.basic_files();
            r.commit("one");
        }),
        case("index truncated", |r| {
            r.basic();
            let bytes = fs::read(r.path(".git/index")).unwrap();
            fs::write(r.path(".git/index"), &bytes[..bytes.len() / 2]).unwrap();
        }),
        case("index empty file", |r| {
            r.basic();
            fs::write(r.path(".git/index"), "").unwrap();
        }),
        case("huge index", |r| {
            r.basic();
            let bytes = fs::read(r.path(".git/index")).unwrap();
            let (body, hash) = bytes.split_at(bytes.len() - 20);
            let size: u32 = 33 << 20;
            let mut big = body.to_vec();
            big.extend_from_slice(b"ZZZZ");
            big.extend_from_slice(&size.to_be_bytes());
            big.resize(big.len() + size as usize, 0);
            big.extend_from_slice(hash);
            fs::write(r.path(".git/index"), big).unwrap();
        }),
        case("split index", |r| {
            r.basic();
            r.git("update-index --split-index");
        }),
        case("split index, dirty", |r| {
            r.basic();
            r.git("update-index --split-index");
            r.write("a.txt", "x\n");
        }),
        case("untracked cache", |r| {
            r.basic();
            r.git("update-index --force-untracked-cache");
            r.try_git(["status"]);
        }),
        case("many extensions", |r| {
            r.basic();
            r.git("config index.threads 2");
            r.git("config feature.manyFiles true");
            r.git("update-index --force-write-index");
        }),
        case("empty tree below", |r| {
            r.basic();
            let empty = r.git_args(["hash-object", "-t", "tree", "-w", "/dev/null"]);
            let tree = r.git("ls-tree HEAD") + &format!("\n040000 tree {empty}\tzz\n");
            let id = mktree(r, &tree);
            let commit = r.git_args(["commit-tree", "-m", "m", &id]);
            r.git(&format!("update-ref HEAD {commit}"));
            r.git("read-tree HEAD");
        }),
        case("tree with an old mode", |r| {
            r.basic();
            let blob = r.git("rev-parse HEAD:a.txt");
            let mut raw = b"100664 a.txt\0".to_vec();
            raw.extend(
                (0..40)
                    .step_by(2)
                    .map(|at| u8::from_str_radix(&blob[at..at + 2], 16).unwrap()),
            );
            r.write("raw", raw);
            let id = r.git("hash-object -t tree -w --literally raw");
            r.remove("raw");
            let commit = r.git_args(["commit-tree", "-m", "m", &id]);
            r.git(&format!("update-ref HEAD {commit}"));
            for path in ["b/c.txt", "b/d/e.txt", "empty", "run.sh", "link"] {
                r.git(&format!("rm -qf {path}"));
            }
        }),
    ]
}

fn mktree(r: &Repo, text: &str) -> String {
    use std::io::Write;
    let mut child = r
        .place
        .git(&r.dir)
        .arg("mktree")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn flags() -> Vec<Case> {
    let sparse = |r: &Repo| {
        r.basic();
        r.git("sparse-checkout set --no-cone /a.txt /link");
    };
    let sparse_index = |r: &Repo| {
        r.basic();
        r.git("sparse-checkout set --cone --sparse-index b/d");
    };
    vec![
        case("assume unchanged", |r| {
            r.basic();
            r.git("update-index --assume-unchanged a.txt");
            r.write("a.txt", "x");
        }),
        case("assume unchanged, deleted", |r| {
            r.basic();
            r.git("update-index --assume-unchanged a.txt");
            r.remove("a.txt");
        }),
        case("skip work tree", |r| {
            r.basic();
            r.git("update-index --skip-worktree a.txt");
            r.write("a.txt", "x");
        }),
        case("skip work tree, another dirty", |r| {
            r.basic();
            r.git("update-index --skip-worktree a.txt");
            r.write("b/c.txt", "x");
        }),
        case("sparse", sparse),
        case("sparse, dirty inside", move |r| {
            sparse(r);
            r.write("a.txt", "x");
        }),
        case("sparse, file put back", move |r| {
            sparse(r);
            r.write("b/c.txt", "second\n");
        }),
        case("sparse, other file put back", move |r| {
            sparse(r);
            r.write("b/c.txt", "other\n");
        }),
        case("sparse, file expected outside", move |r| {
            sparse(r);
            r.git("config sparse.expectFilesOutsideOfPatterns true");
            r.write("b/c.txt", "other\n");
        }),
        case("sparse switched off in the config", move |r| {
            sparse(r);
            r.git("config --worktree core.sparseCheckout false");
            r.write("b/c.txt", "other\n");
        }),
        case("sparse index", sparse_index),
        case("sparse index, dirty inside", move |r| {
            r.basic();
            r.write("out/x.txt", "x\n");
            r.commit("two");
            r.git("sparse-checkout set --cone --sparse-index b/d");
            r.write("b/d/e.txt", "x\n");
        }),
        case("sparse index, clean with a directory outside", move |r| {
            r.basic();
            r.write("out/x.txt", "x\n");
            r.commit("two");
            r.git("sparse-checkout set --cone --sparse-index b/d");
        }),
        case("sparse index, staged outside", move |r| {
            r.basic();
            r.write("out/x.txt", "x\n");
            r.commit("two");
            r.write("out/x.txt", "y\n");
            r.commit("three");
            r.git("sparse-checkout set --cone --sparse-index b/d");
            r.git("reset -q --soft HEAD~1");
        }),
        case("sparse index, directory put back", move |r| {
            r.basic();
            r.write("out/x.txt", "x\n");
            r.commit("two");
            r.git("sparse-checkout set --cone --sparse-index b/d");
            r.write("out/x.txt", "x\n");
        }),
        case("file mode ignored", |r| {
            r.basic();
            r.git("config core.fileMode false");
            r.chmod("a.txt", 0o755);
        }),
        case("ctime not trusted", |r| {
            r.basic();
            r.git("config core.trustctime false");
            r.chmod("a.txt", 0o600);
        }),
        case("minimal stat", |r| {
            r.basic();
            r.git("config core.checkStat minimal");
            fs::copy(r.path("a.txt"), r.path("copy")).unwrap();
            fs::rename(r.path("copy"), r.path("a.txt")).unwrap();
        }),
        case("file replaced by an equal one", |r| {
            r.basic();
            fs::copy(r.path("a.txt"), r.path("copy")).unwrap();
            fs::rename(r.path("copy"), r.path("a.txt")).unwrap();
        }),
        case("no symlinks", |r| {
            r.basic();
            r.git("config core.symlinks false");
            r.remove("link");
            r.write("link", "a.txt");
        }),
        case("index from another stat", |r| {
            // As read-tree leaves it: no stat at all.
            r.basic();
            r.remove(".git/index");
            r.git("read-tree HEAD");
        }),
        case("index from another stat, same size", |r| {
            r.basic();
            r.remove(".git/index");
            r.git("read-tree HEAD");
            r.write("a.txt", "FIRST\n");
        }),
    ]
}

fn odd_files() -> Vec<Case> {
    vec![
        case("FIFO in place of a file", |r| {
            r.basic();
            r.remove("a.txt");
            r.fifo("a.txt");
        }),
        case("socket in place of a file", |r| {
            r.basic();
            r.remove("a.txt");
            // Its path would be too long for the system from here.
            let dir = std::env::temp_dir().join(format!("s{}", std::process::id()));
            let _ = fs::remove_file(&dir);
            std::os::unix::net::UnixListener::bind(&dir).unwrap();
            if fs::rename(&dir, r.path("a.txt")).is_err() {
                r.fifo("a.txt");
            }
        }),
        case("directory in place of a file", |r| {
            r.basic();
            r.remove("a.txt");
            r.write("a.txt/x", "x");
        }),
        case("file in place of a directory", |r| {
            r.basic();
            r.remove("b");
            r.write("b", "x");
        }),
        case("repository in place of a file", |r| {
            r.basic();
            r.remove("a.txt");
            fs::create_dir(r.path("a.txt")).unwrap();
            r.git("-C a.txt init -q");
            r.git("-C a.txt commit -q --allow-empty -m x");
        }),
        case("names of all kinds", |r| {
            r.init("");
            for name in [
                "-dash",
                "with blank",
                "tab\tin",
                "qu\"ote",
                "ümlaut",
                "new\nline",
                "a*b",
                "[x]",
                ".dot",
                "a.b/c",
                "a-b",
                "a0",
            ] {
                r.write(name, name);
            }
            r.commit("one");
        }),
        case("name that is not UTF-8", |r| {
            use std::os::unix::ffi::OsStrExt;
            r.basic();
            let name = std::ffi::OsStr::from_bytes(b"d\xff/f\xfe");
            fs::create_dir_all(r.dir.join(name).parent().unwrap()).unwrap();
            fs::write(r.dir.join(name), "x").unwrap();
            r.commit("two");
        }),
        case("sorted around a slash", |r| {
            r.init("");
            for name in ["foo.bar", "foo/x", "foo0", "foo-a/x", "foo-a.b"] {
                r.write(name, name);
            }
            r.commit("one");
            r.git("read-tree HEAD");
        }),
        case("large file, touched", |r| {
            r.init("");
            r.write("big", vec![b'x'; 1 << 20]);
            r.commit("one");
            r.touch("big");
        }),
        case("large file, last byte", |r| {
            r.init("");
            r.write("big", vec![b'x'; 1 << 20]);
            r.commit("one");
            let mut bytes = vec![b'x'; 1 << 20];
            *bytes.last_mut().unwrap() = b'y';
            r.write("big", bytes);
        }),
        case("many directories", |r| {
            r.init("");
            for at in 0..150 {
                r.write(&format!("d{}/e{}/f{at}", at % 7, at % 5), at.to_string());
            }
            r.commit("one");
        }),
        case("many directories, last file", |r| {
            r.init("");
            for at in 0..150 {
                r.write(&format!("d{}/e{}/f{at:03}", at % 7, at % 5), at.to_string());
            }
            r.commit("one");
            r.write("d6/e4/f104", "xyz");
        }),
        case("deep delta chains", |r| {
            r.init("");
            let mut text: String = (0..400).map(|line| format!("line {line}\n")).collect();
            for at in 0..30 {
                text.push_str(&format!("more {at}\n"));
                r.write("long", &text);
                for file in 0..3 {
                    r.write(&format!("t/{}", at * 3 + file), "x");
                }
                r.commit("more");
            }
            r.git("repack -q -a -d -f --depth=50 --window=50");
            r.git("read-tree HEAD~3");
        }),
        case("packs with a multi-pack-index", |r| {
            r.basic();
            r.git("repack -q -d");
            r.write("z", "z");
            r.commit("two");
            r.git("repack -q -d");
            r.git("multi-pack-index write");
            r.git("read-tree HEAD");
        }),
    ]
}

fn conversions() -> Vec<Case> {
    let crlf_in_tree = |r: &Repo, attributes: &str| {
        r.init("");
        r.write(".gitattributes", attributes);
        r.write("t.txt", "one\ntwo\n");
        r.commit("one");
        r.write("t.txt", "one\r\ntwo\r\n");
        r.git("add t.txt");
        r.touch("t.txt");
    };
    let mut cases = vec![];
    for (name, attributes) in [
        ("none", ""),
        ("text=auto", "* text=auto\n"),
        ("text", "*.txt text\n"),
        ("-text", "*.txt -text\n"),
        ("binary", "*.txt binary\n"),
        ("eol=crlf", "*.txt eol=crlf\n"),
        ("eol=lf", "*.txt text eol=lf\n"),
        ("crlf", "*.txt crlf\n"),
        ("crlf=input", "*.txt crlf=input\n"),
        ("macro", "[attr]mine text\n*.txt mine\n"),
        ("unset after", "* text\n*.txt !text\n"),
        ("quoted pattern", "\"t.txt\" text=auto\n"),
        ("CRLF file", "*.txt text=auto\r\n"),
        ("negative pattern", "!*.txt text\n"),
    ] {
        cases.push(case(
            format!("attributes {name}, CRLF in the tree"),
            move |r| crlf_in_tree(r, attributes),
        ));
        cases.push(case(
            format!("attributes {name}, CRLF in the commit"),
            move |r| {
                r.init("");
                r.write("t.txt", "one\r\ntwo\r\n");
                r.commit("one");
                r.write(".gitattributes", attributes);
                r.git("add .gitattributes");
                r.git("commit -qm two");
                r.touch("t.txt");
            },
        ));
    }
    for value in ["true", "input", "false"] {
        cases.push(case(
            format!("autocrlf={value} in the user's config, LF in the commit"),
            move |r| {
                r.init("");
                fs::write(
                    r.place.home().join(".gitconfig"),
                    format!("[core]\n\tautocrlf = {value}\n"),
                )
                .unwrap();
                r.write("t.txt", "one\r\ntwo\r\n");
                r.commit("one");
                r.touch("t.txt");
            },
        ));
        cases.push(case(
            format!("autocrlf={value} in the user's config, CRLF in the commit"),
            move |r| {
                r.init("");
                r.write("t.txt", "one\r\ntwo\r\n");
                r.write("b.bin", "one\r\n\0two\r\n");
                r.commit("one");
                fs::write(
                    r.place.home().join(".gitconfig"),
                    format!("[core]\n\tautocrlf = {value}\n"),
                )
                .unwrap();
                r.touch("t.txt");
                r.touch("b.bin");
            },
        ));
    }
    cases.extend([
        case("attributes below", |r| {
            r.init("");
            r.write("t.txt", "a\n");
            r.write("d/t.txt", "a\n");
            r.write(".gitattributes", "*.txt -text\n");
            r.write("d/.gitattributes", "t.txt text\n");
            r.commit("one");
            r.write("d/t.txt", "a\r\n");
            r.git("add d/t.txt");
            r.touch("d/t.txt");
        }),
        case("macro below does not count", |r| {
            r.init("");
            r.write("d/.gitattributes", "[attr]mine text\nt.txt mine\n");
            r.write("d/t.txt", "a\r\n");
            r.commit("one");
            r.touch("d/t.txt");
        }),
        case("attributes in info", |r| {
            r.init("");
            r.write(".gitattributes", "*.txt -text\n");
            r.write(".git/info/attributes", "t.txt text\n");
            r.write("t.txt", "a\r\n");
            r.commit("one");
            r.touch("t.txt");
        }),
        case("attributes of the user", |r| {
            r.init("");
            let dir = r.place.home().join(".config/git");
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("attributes"), "*.txt text\n").unwrap();
            r.write("t.txt", "a\r\n");
            r.commit("one");
            r.touch("t.txt");
        }),
        case("attributes file named by the user", |r| {
            r.init("");
            fs::write(r.place.home().join("attr"), "*.txt text\n").unwrap();
            fs::write(
                r.place.home().join(".gitconfig"),
                "[core]\n\tattributesFile = ~/attr\n",
            )
            .unwrap();
            r.write("t.txt", "a\r\n");
            r.commit("one");
            r.touch("t.txt");
        }),
        case("attributes of the repository's choice", |r| {
            r.basic();
            r.write("attr", "*.txt text\n");
            r.git("config core.attributesFile attr");
        }),
        case("attributes of the repository's choice, file touched", |r| {
            r.basic();
            r.write("attr", "*.txt text\n");
            r.git("config core.attributesFile attr");
            r.touch("a.txt");
        }),
        case("attributes removed from the tree", |r| {
            r.init("");
            r.write(".gitattributes", "*.txt text\n");
            r.write("t.txt", "a\r\n");
            r.commit("one");
            r.remove(".gitattributes");
            r.touch("t.txt");
        }),
        case("attributes in any letter case", |r| {
            r.init("");
            r.git("config core.ignoreCase true");
            r.write(".gitattributes", "*.TXT text\n");
            r.write("t.txt", "a\r\n");
            r.commit("one");
            r.touch("t.txt");
        }),
        case("attr.tree", |r| {
            r.basic();
            r.git("config attr.tree HEAD");
        }),
        case("lone CR", |r| {
            r.init("");
            r.write(".gitattributes", "* text=auto\n");
            r.write("t.txt", "a\rb\r\n");
            r.commit("one");
            r.touch("t.txt");
        }),
        case("filter without a command", |r| {
            r.init("");
            r.write(".gitattributes", "*.txt filter=lfs\n");
            r.write("t.txt", "a\n");
            r.commit("one");
            r.touch("t.txt");
        }),
        case("configured filter", |r| filtered(r, false, |_| {})),
        case("configured filter, file touched", |r| {
            filtered(r, false, |r| r.touch("t.txt"))
        }),
        case("configured filter, same size", |r| {
            filtered(r, false, |r| r.write("t.txt", "b\n"))
        }),
        case("configured filter, other size", |r| {
            filtered(r, false, |r| r.write("t.txt", "longer\n"))
        }),
        case("required filter, file touched", |r| {
            filtered(r, true, |r| r.touch("t.txt"))
        }),
        case("configured filter, another file dirty", |r| {
            filtered(r, false, |r| {
                r.touch("t.txt");
                r.write("u", "dirty");
            });
        }),
        case("encoding", |r| encoded(r, false)),
        case("encoding, file touched", |r| encoded(r, true)),
        case("ident", |r| ident(r, false)),
        case("ident, file touched", |r| ident(r, true)),
        case("slow attribute pattern", |r| slow(r, false)),
        case("slow attribute pattern, file touched", |r| slow(r, true)),
    ]);
    cases
}

fn filtered(r: &Repo, required: bool, change: fn(&Repo)) {
    r.init("");
    r.git_args(["config", "filter.up.clean", "tr a-z A-Z"]);
    if required {
        r.git("config filter.up.required true");
    }
    r.write(".gitattributes", "t.txt filter=up\n");
    r.write("t.txt", "a\n");
    r.write("u", "u\n");
    r.commit("one");
    change(r);
}

fn encoded(r: &Repo, touched: bool) {
    r.init("");
    r.write(
        ".gitattributes",
        "t.txt text working-tree-encoding=UTF-16LE\n",
    );
    r.write("t.txt", b"a\0b\0\n\0");
    r.commit("one");
    if touched {
        r.touch("t.txt");
    }
}

fn ident(r: &Repo, touched: bool) {
    r.init("");
    r.write(".gitattributes", "t.txt ident\n");
    r.write("t.txt", "$Id: 0123 $\n");
    r.commit("one");
    if touched {
        r.touch("t.txt");
    }
}

fn slow(r: &Repo, touched: bool) {
    r.init("");
    r.write(".gitattributes", "*a*a*a*a*a*a*a*a*a*b text\n");
    r.write("t.txt", "a\n");
    r.commit("one");
    if touched {
        r.touch("t.txt");
    }
}

fn submodules() -> Vec<Case> {
    let outer = |r: &Repo| {
        let inner = r.place.repo("inner");
        inner.basic();
        r.basic();
        r.git("submodule add -q ../inner sub");
        r.commit("sub");
    };
    vec![
        case("with submodule", outer),
        case("with submodule, file modified", move |r| {
            outer(r);
            r.write("sub/a.txt", "x");
        }),
        case("with submodule, file touched", move |r| {
            outer(r);
            r.touch("sub/a.txt");
        }),
        case("with submodule, staged", move |r| {
            outer(r);
            r.write("sub/new", "x");
            r.git("-C sub add new");
        }),
        case("with submodule, untracked", move |r| {
            outer(r);
            r.write("sub/new", "x");
        }),
        case("with submodule, new commit", move |r| {
            outer(r);
            r.git("-C sub commit -q --allow-empty -m x");
        }),
        case("with submodule, new commit staged", move |r| {
            outer(r);
            r.git("-C sub commit -q --allow-empty -m x");
            r.git("add sub");
        }),
        case("submodule not checked out", move |r| {
            outer(r);
            r.git("submodule --quiet deinit -f sub");
        }),
        case("submodule's directory missing", move |r| {
            outer(r);
            r.remove("sub");
        }),
        case("submodule replaced by a file", move |r| {
            outer(r);
            r.remove("sub");
            r.write("sub", "x");
        }),
        case("submodule ignored in .gitmodules", move |r| {
            outer(r);
            r.git("config -f .gitmodules submodule.sub.ignore all");
            r.commit("ignore");
            r.write("sub/a.txt", "x");
        }),
        case("submodule ignored in config", move |r| {
            outer(r);
            r.git("config submodule.sub.ignore dirty");
            r.write("sub/a.txt", "x");
        }),
        case("submodule untracked, ignored by diff", move |r| {
            outer(r);
            r.git("config diff.ignoreSubmodules untracked");
            r.write("sub/new", "x");
        }),
        case("repository inside, not as a submodule", |r| {
            r.basic();
            let nested = r.place.repo("repo/nested");
            nested.basic();
            r.git("-c advice.addEmbeddedRepo=false add nested");
            r.git("commit -qm nested");
        }),
        case("repository inside, dirty", |r| {
            r.basic();
            let nested = r.place.repo("repo/nested");
            nested.basic();
            r.git("-c advice.addEmbeddedRepo=false add nested");
            r.git("commit -qm nested");
            nested.write("a.txt", "x");
        }),
        case("submodule with separate git dir", |r| {
            r.basic();
            let nested = r.place.repo("repo/nested");
            nested.basic();
            nested.git("init -q --separate-git-dir ../../elsewhere");
            r.git("-c advice.addEmbeddedRepo=false add nested");
            r.git("commit -qm nested");
        }),
        case("submodule in a submodule, dirty", |r| {
            let innermost = r.place.repo("innermost");
            innermost.basic();
            let inner = r.place.repo("inner");
            inner.basic();
            inner.git("submodule add -q ../innermost deep");
            inner.commit("deep");
            r.basic();
            r.git("submodule add -q ../inner sub");
            r.git("submodule update -q --init --recursive");
            r.commit("sub");
            r.write("sub/deep/a.txt", "x");
        }),
        case("submodule in a submodule", |r| {
            let innermost = r.place.repo("innermost");
            innermost.basic();
            let inner = r.place.repo("inner");
            inner.basic();
            inner.git("submodule add -q ../innermost deep");
            inner.commit("deep");
            r.basic();
            r.git("submodule add -q ../inner sub");
            r.git("submodule update -q --init --recursive");
            r.commit("sub");
        }),
        at(
            case("submodule of a linked work tree", |r| {
                let inner = r.place.repo("inner");
                inner.basic();
                r.basic();
                r.git("submodule add -q ../inner sub");
                r.commit("sub");
                r.git("worktree add -q ../tree");
                let tree = r.place.repo("tree");
                tree.git("submodule update -q --init");
                tree.write("sub/a.txt", "x");
            }),
            "tree/sub",
        ),
        at(
            case("linked work tree with a submodule", |r| {
                let inner = r.place.repo("inner");
                inner.basic();
                r.basic();
                r.git("submodule add -q ../inner sub");
                r.commit("sub");
                r.git("worktree add -q ../tree");
                let tree = r.place.repo("tree");
                tree.git("submodule update -q --init");
            }),
            "tree",
        ),
    ]
}

fn places() -> Vec<Case> {
    vec![
        at(case("workspace below the root", |r| r.basic()), "repo/b/d"),
        at(
            case("workspace below the root, dirty above", |r| {
                r.basic();
                r.write("a.txt", "x");
            }),
            "repo/b/d",
        ),
        at(
            case("workspace is an untracked directory", |r| {
                r.basic();
                r.write("u/v/w", "x");
            }),
            "repo/u/v",
        ),
        at(
            case("nested repository", |r| {
                r.basic();
                r.write("a.txt", "dirty");
                r.place.repo("repo/nested").basic();
            }),
            "repo/nested/b",
        ),
        at(case("workspace in .git", |r| r.basic()), "repo/.git"),
        at(
            case("workspace in .git/refs", |r| r.basic()),
            "repo/.git/refs",
        ),
        at(case("no repository", |r| r.write("x", "x")), "repo"),
        at(
            case("bare repository", |r| {
                r.init("--bare");
            }),
            "repo",
        ),
        case("core.bare", |r| {
            r.basic();
            r.git("config core.bare true");
        }),
        case("core.worktree elsewhere", |r| {
            r.basic();
            fs::create_dir(r.place.dir.join("else")).unwrap();
            r.git("config core.worktree ../../else");
        }),
        case("core.worktree names the root", |r| {
            r.basic();
            r.git("config core.worktree ..");
        }),
        case("separate git dir", |r| {
            r.basic();
            r.git("init -q --separate-git-dir ../elsewhere");
        }),
        case(".git link to a repository", |r| {
            let other = r.place.repo("other");
            other.basic();
            r.link("../other/.git", ".git");
            r.basic_files();
        }),
        case(".git file names another's repository", |r| {
            let other = r.place.repo("other");
            other.basic();
            r.write(".git", "gitdir: ../nowhere\n");
        }),
        case(".git file is rubbish", |r| r.write(".git", "rubbish")),
        case(".git is an empty directory", |r| {
            fs::create_dir(r.path(".git")).unwrap()
        }),
        case("linked work tree of a bare repository", |r| {
            let source = r.place.repo("source");
            source.basic();
            source.git("clone -q --bare . ../bare.git");
            fs::remove_dir(&r.dir).unwrap();
            source.git("-C ../bare.git worktree add -q ../repo");
        }),
        case("linked work tree, relative paths in its files", |r| {
            let main = r.place.repo("main");
            main.basic();
            fs::remove_dir(&r.dir).unwrap();
            main.git("worktree add -q ../repo");
            fs::write(r.path(".git"), "gitdir: ../main/.git/worktrees/repo\n").unwrap();
        }),
        case("linked work tree, own config", |r| {
            let main = r.place.repo("main");
            main.basic();
            main.git("config extensions.worktreeConfig true");
            fs::remove_dir(&r.dir).unwrap();
            main.git("worktree add -q ../repo");
            r.git("config --worktree core.fileMode false");
            r.chmod("a.txt", 0o755);
        }),
        case("linked work tree, moved away by hand", |r| {
            let main = r.place.repo("main");
            main.basic();
            main.git("worktree add -q ../tree");
            fs::remove_dir(&r.dir).unwrap();
            fs::rename(r.place.dir.join("tree"), &r.dir).unwrap();
        }),
        case("shallow clone", |r| {
            let main = r.place.repo("main");
            main.basic();
            main.write("a.txt", "2\n");
            main.commit("two");
            fs::remove_dir(&r.dir).unwrap();
            let url = format!("file://{}", main.dir.display());
            main.git_args(["clone", "-q", "--depth=1", &url, r.dir.to_str().unwrap()]);
        }),
        case("partial clone", |r| {
            let main = r.place.repo("main");
            main.basic();
            main.git("config uploadpack.allowFilter true");
            fs::remove_dir(&r.dir).unwrap();
            let url = format!("file://{}", main.dir.display());
            main.git_args([
                "clone",
                "-q",
                "--filter=blob:none",
                &url,
                r.dir.to_str().unwrap(),
            ]);
        }),
        case("unknown extension", |r| {
            r.basic();
            r.git("config core.repositoryFormatVersion 1");
            r.git("config extensions.novelty true");
        }),
        case("unknown format", |r| {
            r.basic();
            r.git("config core.repositoryFormatVersion 7");
        }),
        case("config is rubbish", |r| {
            r.basic();
            fs::write(r.path(".git/config"), "[core\nx").unwrap();
        }),
        case("config is missing", |r| {
            r.basic();
            r.remove(".git/config");
        }),
        case("config value that git refuses", |r| {
            r.basic();
            r.git("config core.autocrlf perhaps");
        }),
        case("include in the repository's config", |r| {
            r.basic();
            r.write(".git/more", "[core]\n\tfileMode = false\n");
            r.git("config include.path more");
            r.chmod("a.txt", 0o755);
        }),
        case("harmless include in the user's config", |r| {
            r.basic();
            fs::write(r.place.home().join(".more"), "[alias]\n\tx = status\n").unwrap();
            fs::write(
                r.place.home().join(".gitconfig"),
                "[include]\n\tpath = .more\n\tpath = ~/none\n",
            )
            .unwrap();
        }),
        case("relevant include in the user's config", |r| {
            r.basic();
            fs::write(r.place.home().join(".more"), "[core]\n\tfileMode = false\n").unwrap();
            fs::write(
                r.place.home().join(".gitconfig"),
                "[includeIf \"gitdir:/none/\"]\n\tpath = .more\n",
            )
            .unwrap();
        }),
        case("user's config in .config", |r| {
            r.basic();
            let dir = r.place.home().join(".config/git");
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("config"), "[core]\n\tfileMode = true\n").unwrap();
            r.git("config --unset core.fileMode");
            r.chmod("a.txt", 0o755);
        }),
        case("fsmonitor hook", |r| {
            r.basic();
            r.git("config core.fsmonitor false-command-that-is-not-there");
        }),
        case("object missing", |r| {
            r.basic();
            let tree = r.git("rev-parse HEAD^{tree}");
            r.remove(&format!(".git/objects/{}/{}", &tree[..2], &tree[2..]));
            r.git("update-index --force-remove a.txt");
        }),
        case("alternates in a chain", |r| {
            let one = r.place.repo("one");
            one.basic();
            one.git("clone -q -s . ../two");
            fs::remove_dir(&r.dir).unwrap();
            one.git("clone -q -s ../two ../repo");
            r.git("read-tree HEAD");
        }),
        case("alternates in a ring", |r| {
            r.basic();
            let objects = r.path(".git/objects");
            r.write(
                ".git/objects/info/alternates",
                format!("{}\n", objects.display()),
            );
        }),
        case("name with control characters", |r| {
            fs::remove_dir(&r.dir).unwrap();
            r.place.repo("re\u{1b}po").basic();
            std::os::unix::fs::symlink("re\u{1b}po", &r.dir).unwrap();
        }),
    ]
}

fn all() -> Vec<Case> {
    [
        matrix(),
        heads(),
        operations(),
        flags(),
        odd_files(),
        conversions(),
        submodules(),
        places(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

struct Built {
    key: String,
    place: Place,
    workspace: PathBuf,
    first: Option<bool>,
    truth: Truth,
    prober: repo::inspect::Prober,
}

/// What a case's hints may not be, `None` where all is well.
fn wrong(key: &str, truth: &Truth, hints: &repo::Hints) -> Option<String> {
    if hints.dirty.is_some() && hints.dirty != truth.dirty {
        return Some(format!(
            "{key}: verdict {:?}, git says {truth:?}",
            hints.dirty
        ));
    }
    // A branch is told where git refuses to say anything for a setting's sake.
    let refused = truth.name.is_none() && hints.doubt == Some(Doubt::Setting);
    if hints.branch.is_some() && hints.branch != truth.branch && !refused {
        return Some(format!(
            "{key}: branch {:?}, git says {truth:?}",
            hints.branch
        ));
    }
    let pinned = pin(key);
    // Where git answers, so do we, unless the case is in the list, and then for the reason given there.
    if hints.dirty.is_none() && truth.dirty.is_some() && pinned != hints.doubt {
        return Some(format!(
            "{key}: no verdict for {:?}, in the list: {pinned:?}, {truth:?}",
            hints.doubt
        ));
    }
    if hints.dirty.is_some() && pinned.is_some() {
        return Some(format!("{key}: a verdict, though it is in the list"));
    }
    let hidden = matches!(
        hints.doubt,
        Some(Doubt::NotPointingBack | Doubt::Format | Doubt::Reference)
    );
    if hints.branch.is_none() && truth.branch.is_some() && truth.dirty.is_some() && !hidden {
        return Some(format!(
            "{key}: no branch for {:?}, git says {truth:?}",
            hints.doubt
        ));
    }
    if let (Some(hint), Some(name)) = (&hints.repo_name, &truth.name)
        && !key.ends_with("core.worktree elsewhere")
    {
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        if *hint != name {
            return Some(format!(
                "{key}: name {:?}, git says {truth:?}",
                hints.repo_name
            ));
        }
    }
    None
}

fn build_and_probe(key: String, case: &Case, aged: bool, problems: &mut Vec<String>) -> Built {
    let mut place = Place::new("corpus");
    place.aged = aged;
    (case.build)(&place.repo("repo"));
    let workspace = place.dir.join(case.workspace);
    let mut prober = place.prober();
    // Before git has any occasion to refresh the index.
    let first = probe(&mut prober, &workspace);
    let again = probe(&mut prober, &workspace);
    let truth = truth(&place, &workspace);
    problems.extend(wrong(&key, &truth, &first));
    problems.extend(wrong(&key, &truth, &again).map(|text| format!("again: {text}")));
    Built {
        key,
        place,
        workspace,
        first: first.dirty,
        truth,
        prober,
    }
}

fn pin(key: &str) -> Option<Doubt> {
    let (_, name) = key.split_once('/').unwrap();
    WITHOUT
        .iter()
        .find(|(pinned, _, _)| *pinned == key || pinned.strip_prefix("*/") == Some(name))
        .map(|(_, doubt, _)| *doubt)
}

#[test]
fn hints_are_what_git_says() {
    let cases = all();
    assert!(cases.len() >= 120, "{}", cases.len());
    let mut problems = Vec::new();
    let mut verdicts = BTreeMap::new();
    let mut built = Vec::new();
    // Git waits for the disk most of the time, so building by several threads pays on any machine.
    let next = AtomicUsize::new(0);
    let ages = [("fresh", false), ("aged", true)];
    let build = || {
        let (mut built, mut problems) = (Vec::new(), Vec::new());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((age, aged)) = ages.get(at / cases.len()) else {
                return (built, problems);
            };
            let case = &cases[at % cases.len()];
            // What a stat means does not depend on the layout, so the second age takes a sample of the matrix.
            if *aged
                && !at.is_multiple_of(3)
                && layouts()
                    .iter()
                    .skip(1)
                    .any(|(name, _)| case.name.starts_with(&format!("{name}: ")))
            {
                continue;
            }
            let key = format!("{age}/{}", case.name);
            if std::env::var("REPO_CASE").is_ok_and(|only| !key.contains(&only)) {
                continue;
            }
            built.push(build_and_probe(key, case, *aged, &mut problems));
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(build)).collect();
        for thread in threads {
            let (more, wrong) = thread.join().unwrap();
            built.extend(more);
            problems.extend(wrong);
        }
    });
    for one in &built {
        *verdicts.entry(format!("{:?}", one.first)).or_insert(0) += 1;
    }
    // By now everything is old enough to be remembered.
    std::thread::sleep(std::time::Duration::from_millis(150));
    for time in ["remembering", "remembered"] {
        for one in &mut built {
            let hints = probe(&mut one.prober, &one.workspace);
            problems
                .extend(wrong(&one.key, &one.truth, &hints).map(|text| format!("{time}: {text}")));
        }
    }
    // With an index that git has refreshed.
    for one in &mut built {
        if one.truth.dirty.is_some() {
            let _ = one
                .place
                .git(&one.workspace)
                .args(["status", "--untracked-files=no"])
                .output();
            let hints = probe(&mut one.prober, &one.workspace);
            if hints.dirty.is_some() && hints.dirty != one.truth.dirty {
                problems.push(format!(
                    "{} refreshed: verdict {:?}, git says {:?}",
                    one.key, hints.dirty, one.truth
                ));
            }
        }
    }
    println!("{} repositories, verdicts {verdicts:?}", built.len());
    assert!(problems.is_empty(), "{}\n", problems.join("\n"));
}
