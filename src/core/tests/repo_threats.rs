//! Repositories made to hang, to run code, to be written to, to crash a reader, or to lend another's names, each
//! probed by a process of its own under `strace`.
//!
//! What the trace may not hold: a program started, anything opened for writing or changed, a file below the
//! test's directory mapped into memory. Without `strace` the rest is still checked; in CI that is a failure.
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

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{Place, Repo, example};

/// A branch and a directory that must not be told of.
const SECRET: &str = "secret";

type Build = fn(&Repo);

/// Every program that a repository plants leaves this file behind.
fn trap(r: &Repo) -> String {
    let script = r.place.dir.join("trap.sh");
    let marker = r.place.dir.join("ran");
    fs::write(
        &script,
        format!("#!/bin/sh\ntouch '{}'\nexit 1\n", marker.display()),
    )
    .unwrap();
    let mut mode = fs::metadata(&script).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    fs::set_permissions(&script, mode).unwrap();
    script.to_str().unwrap().to_owned()
}

fn victim(r: &Repo) {
    let victim = r.place.repo("secret-victim");
    victim.basic();
    victim.git("checkout -q -b secret-branch");
    victim.git("worktree add -q -b secret-tree ../secret-tree");
    let inner = r.place.repo("inner");
    inner.basic();
    victim.git("submodule add -q ../inner sub");
    victim.git("-C sub checkout -q -b secret-sub");
}

/// Replaces a path, whatever it is.
fn clear(r: &Repo, path: &str) {
    if r.path(path).symlink_metadata().is_ok() {
        r.remove(path);
    }
    fs::create_dir_all(r.path(path).parent().unwrap()).unwrap();
}

fn giant(r: &Repo, path: &str) {
    clear(r, path);
    fs::File::create(r.path(path))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
}

/// Repositories in which git itself runs what was planted.
fn programs() -> Vec<(&'static str, Build)> {
    vec![
        ("fsmonitor", |r| {
            r.basic();
            r.git_args(["config", "core.fsmonitor", &trap(r)]);
        }),
        ("fsmonitor for one work tree", |r| {
            r.basic();
            r.git("config extensions.worktreeConfig true");
            r.git_args(["config", "--worktree", "core.fsmonitor", &trap(r)]);
        }),
        ("fsmonitor in a submodule", |r| {
            let inner = r.place.repo("inner");
            inner.basic();
            r.basic();
            r.git("submodule add -q ../inner sub");
            r.commit("sub");
            r.git_args(["-C", "sub", "config", "core.fsmonitor", &trap(r)]);
        }),
        ("clean filter", |r| {
            r.basic();
            r.git_args(["config", "filter.x.clean", &trap(r)]);
            r.write(".gitattributes", "a.txt filter=x\n");
            r.touch("a.txt");
        }),
        ("clean filter below", |r| {
            r.basic();
            r.git_args(["config", "filter.x.clean", &trap(r)]);
            r.write("b/.gitattributes", "* filter=x\n");
            r.touch("b/c.txt");
        }),
        ("filter process", |r| {
            r.basic();
            r.git_args(["config", "filter.x.process", &trap(r)]);
            r.write(".gitattributes", "a.txt filter=x\n");
            r.touch("a.txt");
        }),
        ("filter by a macro in info", |r| {
            r.basic();
            r.git_args(["config", "filter.x.clean", &trap(r)]);
            r.write(".git/info/attributes", "[attr]m filter=x\n*.txt m\n");
            r.touch("a.txt");
        }),
        ("filter behind an include", |r| {
            r.basic();
            r.write(
                ".git/more",
                format!("[filter \"x\"]\n\tclean = {}\n", trap(r)),
            );
            r.git("config include.path more");
            r.write(".gitattributes", "a.txt filter=x\n");
            r.touch("a.txt");
        }),
        ("hook", |r| {
            r.basic();
            r.write("hooks/post-index-change", fs::read(trap(r)).unwrap());
            r.chmod("hooks/post-index-change", 0o755);
            r.git("config core.hooksPath hooks");
            r.touch("a.txt");
        }),
        ("promisor remote", |r| {
            r.basic();
            r.git("config extensions.partialClone o");
            r.git("config remote.o.url ssh://example.invalid/x");
            r.git("config remote.o.promisor true");
            r.git_args(["config", "core.sshCommand", &trap(r)]);
            let tree = r.git("rev-parse HEAD^{tree}");
            r.git("read-tree HEAD");
            r.remove(&format!(".git/objects/{}/{}", &tree[..2], &tree[2..]));
        }),
    ]
}

/// Repositories in which something never ends, or is not what it should be.
fn obstacles() -> Vec<(String, Box<dyn Fn(&Repo)>)> {
    let mut cases: Vec<(String, Box<dyn Fn(&Repo)>)> = Vec::new();
    let places = [
        ".git",
        ".git/HEAD",
        ".git/config",
        ".git/config.worktree",
        ".git/commondir",
        ".git/index",
        ".git/packed-refs",
        ".git/refs",
        ".git/refs/heads",
        ".git/refs/heads/main",
        ".git/refs/replace",
        ".git/objects",
        ".git/objects/info/alternates",
        ".git/objects/pack",
        ".git/objects/pack/pack-1234.idx",
        ".git/info/attributes",
        ".gitattributes",
        "b/.gitattributes",
        ".gitmodules",
        "a.txt",
        "b",
        "OBJECT",
    ];
    for place in places {
        for kind in [
            "FIFO",
            "link to a device",
            "giant file",
            "link to a secret",
            "socket",
            "device",
        ] {
            // A file of the secret's is refused by its own checks in the cases below.
            if kind == "link to a secret" && matches!(place, "b" | "a.txt") {
                continue;
            }
            let build = move |r: &Repo| {
                r.basic();
                r.git("config extensions.worktreeConfig true");
                if kind == "link to a secret" {
                    victim(r);
                }
                // So that objects, attributes and submodules have to be read.
                r.git("read-tree HEAD");
                let commit = r.git("rev-parse HEAD");
                let path = match place {
                    "OBJECT" => format!(".git/objects/{}/{}", &commit[..2], &commit[2..]),
                    place => place.to_owned(),
                };
                match kind {
                    "FIFO" => {
                        clear(r, &path);
                        r.fifo(&path);
                    }
                    "link to a device" => {
                        clear(r, &path);
                        r.link("/dev/zero", &path);
                    }
                    "giant file" => giant(r, &path),
                    "socket" => {
                        clear(r, &path);
                        let short = std::env::temp_dir().join(format!("rs{}", std::process::id()));
                        let _ = fs::remove_file(&short);
                        std::os::unix::net::UnixListener::bind(&short).unwrap();
                        fs::rename(&short, r.path(&path)).unwrap();
                    }
                    "device" => {
                        clear(r, &path);
                        // Takes root's rights; without them a FIFO does.
                        let device = rustix::fs::mknodat(
                            rustix::fs::CWD,
                            r.path(&path),
                            rustix::fs::FileType::CharacterDevice,
                            rustix::fs::Mode::from_raw_mode(0o666),
                            rustix::fs::makedev(1, 5),
                        );
                        if device.is_err() {
                            r.fifo(&path);
                        }
                    }
                    _ => {
                        clear(r, &path);
                        let target = r.place.dir.join("secret-victim").join(&path);
                        symlink(target, r.path(&path)).unwrap();
                    }
                }
            };
            cases.push((format!("{kind} as {place}"), Box::new(build)));
        }
    }
    cases
}

/// Repositories that try to have another's names told as theirs.
fn thefts() -> Vec<(&'static str, Build)> {
    vec![
        (".git file names a repository", |r| {
            victim(r);
            r.write(".git", "gitdir: ../secret-victim/.git\n");
        }),
        (".git file names a linked work tree's directory", |r| {
            victim(r);
            r.write(
                ".git",
                "gitdir: ../secret-victim/.git/worktrees/secret-tree\n",
            );
        }),
        (".git file names a submodule's directory", |r| {
            victim(r);
            r.write(".git", "gitdir: ../secret-victim/.git/modules/sub\n");
        }),
        (".git file is the other's by a hard link", |r| {
            victim(r);
            fs::hard_link(r.place.dir.join("secret-tree/.git"), r.path(".git")).unwrap();
        }),
        (".git link to a repository", |r| {
            victim(r);
            r.link("../secret-victim/.git", ".git");
        }),
        (".git link to a .git file", |r| {
            victim(r);
            r.link("../secret-tree/.git", ".git");
        }),
        (
            "planted work tree directory with the other's common directory",
            |r| {
                victim(r);
                r.write(".git", "gitdir: fake/worktrees/x\n");
                r.write("fake/worktrees/x/HEAD", "ref: refs/heads/secret-branch\n");
                r.write(
                    "fake/worktrees/x/gitdir",
                    format!("{}/.git\n", r.dir.display()),
                );
                r.write(
                    "fake/worktrees/x/commondir",
                    "../../../../secret-victim/.git\n",
                );
            },
        ),
        (
            "planted work tree directory, linked from the other's",
            |r| {
                victim(r);
                let common = r.place.dir.join("secret-victim/.git");
                r.write("fake/HEAD", "ref: refs/heads/secret-branch\n");
                r.write("fake/gitdir", format!("{}/.git\n", r.dir.display()));
                r.write("fake/commondir", format!("{}\n", common.display()));
                r.write(".git", "gitdir: fake\n");
            },
        ),
        ("common directory in a plain repository", |r| {
            victim(r);
            r.basic();
            r.write(".git/commondir", "../../secret-victim/.git\n");
        }),
        ("HEAD leads to the other's branch", |r| {
            victim(r);
            r.basic();
            r.write(
                ".git/HEAD",
                "ref: refs/heads/../../../secret-victim/.git/HEAD\n",
            );
        }),
        ("branch is a link to the other's HEAD", |r| {
            victim(r);
            r.basic();
            r.remove(".git/refs/heads/main");
            r.link(
                "../../../../secret-victim/.git/HEAD",
                ".git/refs/heads/main",
            );
        }),
        ("references are a link to the other's", |r| {
            victim(r);
            r.basic();
            r.remove(".git/refs");
            r.link("../../secret-victim/.git/refs", ".git/refs");
        }),
        ("workspace is a link into the other", |r| {
            // The operator's path leads elsewhere: whose names are they?
            victim(r);
            fs::remove_dir(&r.dir).unwrap();
            let holder = r.place.repo("holder");
            holder.basic();
            symlink("holder/inside", &r.dir).unwrap();
            symlink("../secret-victim/b", holder.path("inside")).unwrap();
        }),
    ]
}

/// Bytes made to exhaust or crash whoever reads them.
fn bombs() -> Vec<(&'static str, Build)> {
    fn pad(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.extend_from_slice(&[0; 20]);
        bytes
    }
    fn entry(path: &[u8], flags: u16) -> Vec<u8> {
        let mut bytes = vec![0; 62];
        bytes[24..28].copy_from_slice(&0o100_644_u32.to_be_bytes());
        bytes[60..62].copy_from_slice(&flags.to_be_bytes());
        bytes.extend_from_slice(path);
        bytes
    }
    vec![
        ("index that unfolds to gigabytes", |r| {
            r.basic();
            let mut bytes = b"DIRC\0\0\0\x04".to_vec();
            bytes.extend(400_000_u32.to_be_bytes());
            bytes.extend(entry(b"\0", 0));
            bytes.extend(b"ab/".repeat(1300));
            bytes.push(0);
            for _ in 1..400_000 {
                bytes.extend(entry(b"\0b\0", 0));
            }
            r.write(".git/index", pad(bytes));
        }),
        ("index with endlessly nested trees", |r| {
            r.basic();
            let nested = b"a\0-1 1\n".repeat(3_000_000);
            let mut bytes = b"DIRC\0\0\0\x02\0\0\0\0TREE".to_vec();
            bytes.extend(u32::try_from(nested.len()).unwrap().to_be_bytes());
            bytes.extend(nested);
            r.write(".git/index", pad(bytes));
        }),
        ("index with a path that leads out", |r| {
            victim(r);
            r.basic();
            let mut bytes = b"DIRC\0\0\0\x04\0\0\0\x01".to_vec();
            bytes.extend(entry(b"\0../secret-victim/a.txt\0", 0));
            r.write(".git/index", pad(bytes));
        }),
        ("index of four thousand million entries", |r| {
            r.basic();
            r.write(
                ".git/index",
                pad(b"DIRC\0\0\0\x02\xff\xff\xff\xff".to_vec()),
            );
        }),
        ("object that inflates to gigabytes", |r| {
            use std::io::Write;
            r.basic();
            r.git("read-tree HEAD");
            let id = r.git("rev-parse HEAD");
            let mut deflate =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            deflate.write_all(b"commit 4000000000\0").unwrap();
            let block = vec![0; 1 << 20];
            for _ in 0..512 {
                deflate.write_all(&block).unwrap();
            }
            let path = format!(".git/objects/{}/{}", &id[..2], &id[2..]);
            r.remove(&path);
            r.write(&path, deflate.finish().unwrap());
        }),
        ("attributes that take for ever to match", |r| {
            r.basic();
            let name = "a".repeat(200);
            r.write(&name, "x");
            r.commit("two");
            r.write(".gitattributes", format!("{}b text\n", "**/a*".repeat(40)));
            r.touch(&name);
        }),
        ("a million attribute lines", |r| {
            r.basic();
            r.write(".gitattributes", "*a*b*c text\n".repeat(1_000_000));
            r.touch("a.txt");
        }),
        ("config of a hundred thousand sections", |r| {
            r.basic();
            r.write(".git/config", "[core]\nfilemode\n".repeat(60_000));
        }),
        ("branch that names itself", |r| {
            r.basic();
            r.write(".git/refs/heads/main", "ref: refs/heads/main\n");
        }),
        ("alternates in a circle, many", |r| {
            r.basic();
            r.git("read-tree HEAD");
            let lines: String = (0..2000)
                .map(|at| format!("../objects/{at:02x}\n/dev/zero\n/proc/self/fd\n"))
                .collect();
            r.write(".git/objects/info/alternates", lines);
        }),
        ("submodule in itself", |r| {
            r.basic();
            let nested = r.place.repo("repo/nested");
            nested.basic();
            r.git("-c advice.addEmbeddedRepo=false add nested");
            r.git("commit -qm nested");
            nested.remove(".git");
            nested.write(".git", "gitdir: ../.git\n");
        }),
        ("many small packs", |r| {
            r.basic();
            r.git("read-tree HEAD");
            for at in 0..3000 {
                fs::write(
                    r.path(&format!(".git/objects/pack/pack-{at}.idx")),
                    b"\xfftOc\0\0\0\x02",
                )
                .unwrap();
            }
        }),
    ]
}

/// Everything by which a process can change a file, start a program, or map a file.
const CALLS: &str = "trace=execve,execveat,fork,vfork,open,openat,openat2,creat,mmap,unlink,unlinkat,rename,renameat,\
    renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,mknod,mknodat,chmod,fchmod,fchmodat,chown,fchown,\
    fchownat,lchown,truncate,ftruncate,utime,utimes,utimensat,futimesat,setxattr,fsetxattr,lsetxattr,connect";

/// What is wrong with a trace.
fn judge(trace: &str, inside: &str) -> Vec<String> {
    let mut programs = 0;
    let mut wrong = Vec::new();
    for line in trace.lines() {
        // "PID call(arguments) = result"; a call that another thread cut in two continues with "<...".
        let Some(call) = line.split_whitespace().nth(1) else {
            continue;
        };
        let name = call.split('(').next().unwrap_or_default();
        match name {
            "execve" | "execveat" => {
                programs += 1;
                if programs > 1 {
                    wrong.push(format!("starts a program: {line}"));
                }
            }
            "fork" | "vfork" | "connect" => wrong.push(line.to_owned()),
            "open" | "openat" | "openat2" | "creat" => {
                let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"];
                if name == "creat" || writes.iter().any(|flag| line.contains(flag)) {
                    wrong.push(format!("opens for writing: {line}"));
                }
            }
            "mmap" => {
                if line.contains(inside) {
                    wrong.push(format!("maps a file: {line}"));
                }
            }
            _ if call.starts_with('<') || call.starts_with('+') || call.starts_with('-') => {}
            // A thread that the end of the process caught on its way into the kernel: strace could
            // no longer read which call it was, and the call was never made.
            _ if !name.is_empty() && name.bytes().all(|byte| byte == b'?') => {}
            _ => wrong.push(format!("changes something: {line}")),
        }
    }
    if programs != 1 {
        wrong.push(format!("{programs} programs in the trace"));
    }
    wrong
}

fn strace_works() -> bool {
    let works = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        let message = "strace is missing or may not trace: system calls are not checked";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("{message}");
    }
    works
}

struct Seen {
    output: String,
    wrong: Vec<String>,
}

fn probe_in_process(program: &Path, r: &Repo, traced: bool) -> Seen {
    let log = r.place.dir.join("trace");
    let mut command = if traced {
        let mut strace = Command::new("strace");
        strace
            .args([
                "-f",
                "-y",
                "-qq",
                "-s",
                "300",
                "-e",
                "signal=none",
                "-e",
                CALLS,
                "-o",
            ])
            .arg(&log)
            .arg(program);
        strace
    } else {
        Command::new(program)
    };
    command
        .arg(&r.dir)
        .arg("2")
        .env("HOME", r.place.home())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("XDG_CONFIG_HOME");
    let started = Instant::now();
    let output = command.output().unwrap();
    let took = started.elapsed();
    let mut wrong = Vec::new();
    if !output.status.success() {
        wrong.push(format!("ended with {}", output.status));
    }
    // Two probes, each with a deadline of two seconds.
    if took > Duration::from_secs(6) {
        wrong.push(format!("took {took:?}"));
    }
    if traced {
        let inside = r.place.dir.to_str().unwrap();
        wrong.extend(judge(&fs::read_to_string(&log).unwrap(), inside));
    }
    if r.place.dir.join("ran").exists() {
        wrong.push("ran the planted program".into());
    }
    Seen {
        output: String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr),
        wrong,
    }
}

fn run_all(
    cases: Vec<(String, Box<dyn Fn(&Repo)>)>,
    after: impl Fn(&str, &Repo, &Seen) -> Vec<String>,
) {
    let program = example("repo_probe");
    let traced = strace_works();
    let mut problems = Vec::new();
    for (name, build) in cases {
        let place = Place::new("threat");
        let r = place.repo("repo");
        build(&r);
        let _ = fs::remove_file(place.dir.join("ran"));
        let seen = probe_in_process(&program, &r, traced);
        if seen.output.contains(SECRET) {
            problems.push(format!("{name}: tells of another: {}", seen.output));
        }
        problems.extend(seen.wrong.iter().map(|text| format!("{name}: {text}")));
        problems.extend(
            after(&name, &r, &seen)
                .into_iter()
                .map(|text| format!("{name}: {text}: {}", seen.output)),
        );
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn named(cases: Vec<(&'static str, Build)>) -> Vec<(String, Box<dyn Fn(&Repo)>)> {
    cases
        .into_iter()
        .map(|(name, build)| (name.to_owned(), Box::new(build) as Box<dyn Fn(&Repo)>))
        .collect()
}

#[test]
fn nothing_that_a_repository_plants_is_run() {
    run_all(named(programs()), |_, r, _| {
        // The trap is one: git falls into it.
        let _ = r.try_git(["status", "--porcelain", "--untracked-files=no"]);
        if r.place.dir.join("ran").exists() {
            Vec::new()
        } else {
            vec!["git did not run what was planted".into()]
        }
    });
}

#[test]
fn nothing_in_a_place_of_gits_makes_it_hang() {
    run_all(obstacles(), |name, _, seen| {
        let mut wrong = Vec::new();
        if !seen.output.contains("dirty=") {
            wrong.push("no answer".to_owned());
        }
        // A tracked file that became something else is the one case that is certain.
        // A giant file whose former size is not known would have to be read.
        let tracked = name.ends_with(" as a.txt") || name.ends_with(" as b");
        let certain = tracked && name != "giant file as a.txt";
        if certain && !seen.output.contains("dirty=Some(true)") {
            wrong.push("not dirty".to_owned());
        }
        if !certain && seen.output.contains("dirty=Some(false)") {
            // Nothing asks for these while stat and index agree, or while they are absent for git too.
            let unasked = [
                ".gitattributes",
                ".gitmodules",
                "info/attributes",
                ".git/objects/pack",
            ];
            if !unasked.iter().any(|place| name.contains(place)) {
                wrong.push("clean".to_owned());
            }
        }
        wrong
    });
}

#[test]
fn no_repository_tells_the_names_of_another() {
    run_all(named(thefts()), |_, _, seen| {
        if seen.output.contains("dirty=None") {
            Vec::new()
        } else {
            vec!["a verdict".into()]
        }
    });
}

#[test]
fn no_bytes_exhaust_or_crash_the_reader() {
    run_all(named(bombs()), |_, _, seen| {
        if seen.output.contains("took=") {
            Vec::new()
        } else {
            vec!["no answer".into()]
        }
    });
}

#[test]
fn the_judge_sees_what_it_should() {
    let first = "1 execve(\"/x\", [\"x\"], 0x1 /* 3 vars */) = 0\n";
    let judge = |more: &str| judge(&format!("{first}{more}"), "/tmp/place");
    assert!(
        judge("1 openat(AT_FDCWD</>, \"/tmp/place/a\", O_RDONLY|O_CLOEXEC) = 3</tmp/place/a>\n")
            .is_empty()
    );
    assert!(judge("2 ???()                             = ?\n").is_empty());
    assert!(judge("2 ???( <detached ...>\n").is_empty());
    assert_eq!(judge("2 execve(\"/bin/sh\", [], 0x1) = 0\n").len(), 2);
    assert_eq!(
        judge("2 openat(3</tmp/place>, \"index.lock\", O_RDWR|O_CREAT|O_EXCL, 0666) = 4\n").len(),
        1
    );
    assert_eq!(
        judge("2 mmap(NULL, 9, PROT_READ, MAP_PRIVATE, 3</tmp/place/index>, 0) = 0x7f\n").len(),
        1
    );
    assert!(
        judge("2 mmap(NULL, 9, PROT_READ, MAP_PRIVATE, 3</usr/lib/libc.so.6>, 0) = 0x7f\n")
            .is_empty()
    );
    assert_eq!(
        judge("2 utimensat(3</tmp/place>, \"a\", NULL, 0) = 0\n").len(),
        1
    );
}
