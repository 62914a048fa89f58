//! Another process truncates, rewrites and replaces what git keeps while it is probed.
//!
//! Every whole state of a file means the same verdict, and what lies between two states is an error for git, so
//! a verdict that is not the one was wrong at both ends of its probe.
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
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::{Place, Repo, dirty, example, probe, rounds};

/// Ends the mutator even where the test fails.
struct Mutator(Child);

impl Mutator {
    fn start(program: &Path, file: &Path, states: &Path, modes: &str) -> Mutator {
        let child = Command::new(program)
            .arg(file)
            .arg(states)
            .arg(modes)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Mutator(child)
    }

    fn end(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success(), "the mutator failed");
    }
}

impl Drop for Mutator {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

struct Run<'a> {
    name: &'a str,
    file: &'a str,
    modes: &'a str,
    /// What every state means.
    verdict: bool,
    branches: &'a [&'a str],
    /// Collects the states of `file`.
    states: &'a dyn Fn(&Repo) -> Vec<Vec<u8>>,
}

fn commits(r: &Repo) {
    r.init("");
    for at in 0..40 {
        r.write(&format!("d{}/f{at}", at % 5), format!("file {at}\n"));
    }
    r.commit("one");
    r.git("branch side");
    r.git("repack -q -a -d");
    r.git("pack-refs --all");
}

fn content(r: &Repo, path: &str) -> Vec<u8> {
    fs::read(r.path(path)).unwrap()
}

fn index_states(r: &Repo, staged: bool) -> Vec<Vec<u8>> {
    let mut states = Vec::new();
    for version in ["2", "4"] {
        for at in 0..3 {
            r.git("read-tree HEAD");
            if staged {
                r.git(&format!("rm -q --cached d0/f{}", at * 5));
            }
            if at != 0 {
                r.git("update-index -q --refresh");
            }
            r.git(&format!(
                "update-index --index-version {version} --force-write-index"
            ));
            states.push(content(r, ".git/index"));
        }
    }
    states
}

fn pack_file(r: &Repo, extension: &str) -> String {
    let packs = fs::read_dir(r.path(".git/objects/pack")).unwrap();
    let name = packs
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| name.ends_with(extension))
        .unwrap();
    format!(".git/objects/pack/{name}")
}

fn pack_states(r: &Repo, extension: &str) -> Vec<Vec<u8>> {
    // Without the trees in the index the objects have to be read.
    r.git("read-tree HEAD");
    let mut states = vec![content(r, &pack_file(r, extension))];
    let other = r.place.repo("other");
    other.init("");
    other.write("x", "x");
    other.commit("x");
    other.git("repack -q -a -d");
    states.push(content(&other, &pack_file(&other, extension)));
    states.push(vec![0; 5000]);
    states
}

fn run(program: &Path, case: &Run) {
    let place = Place::new("mutation");
    let r = place.repo("repo");
    commits(&r);
    let states = (case.states)(&r);
    let file = match case.file {
        ".pack" | ".idx" => pack_file(&r, case.file),
        file => file.to_owned(),
    };
    let file = r.path(&file);
    let dir = place.dir.join("states");
    fs::create_dir(&dir).unwrap();
    for (at, state) in states.iter().enumerate() {
        fs::write(dir.join(at.to_string()), state).unwrap();
        fs::write(&file, state).unwrap();
        let says = dirty(&place, &r.dir);
        assert!(
            says.is_none() || says == Some(case.verdict),
            "{}: state {at} is {says:?}",
            case.name
        );
    }
    fs::write(&file, &states[0]).unwrap();
    assert_eq!(dirty(&place, &r.dir), Some(case.verdict), "{}", case.name);

    let mutator = Mutator::start(program, &file, &dir, case.modes);
    let mut living = place.prober();
    let (mut verdicts, mut none) = (0, 0);
    for round in 0..rounds(250) {
        let started = Instant::now();
        let hints = if round % 2 == 0 {
            probe(&mut living, &r.dir)
        } else {
            probe(&mut place.prober(), &r.dir)
        };
        assert!(
            started.elapsed() < Duration::from_secs(3),
            "{}: {:?}",
            case.name,
            started.elapsed()
        );
        match hints.dirty {
            None => none += 1,
            Some(verdict) => {
                verdicts += 1;
                assert_eq!(
                    verdict, case.verdict,
                    "{}, round {round}: {hints:?}",
                    case.name
                );
            }
        }
        if let Some(branch) = hints.branch {
            assert!(
                case.branches.contains(&branch.as_str()),
                "{}: {branch}",
                case.name
            );
        }
    }
    mutator.end();
    println!("{}: {verdicts} verdicts, {none} without", case.name);
    assert!(verdicts > 0, "{}: never a verdict", case.name);

    // Nothing of what was seen on the way stays.
    fs::write(&file, &states[0]).unwrap();
    for _ in 0..2 {
        assert_eq!(
            probe(&mut living, &r.dir).dirty,
            Some(case.verdict),
            "{} afterwards",
            case.name
        );
        std::thread::sleep(Duration::from_millis(120));
    }
}

#[test]
// A list of cases.
#[allow(clippy::too_many_lines)]
fn no_verdict_is_wrong_at_both_ends_of_its_probe() {
    let program = example("repo_mutate");
    let dirty_file = |r: &Repo| r.write("d1/f1", "changed and longer\n");
    let main = &["main"][..];
    let prefixes: Vec<String> = (1..=4)
        .map(|end| "main"[..end].to_owned())
        .chain((1..=4).map(|end| "side"[..end].to_owned()))
        .collect();
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    let heads = |r: &Repo| {
        let id = r.git("rev-parse HEAD");
        vec![
            b"ref: refs/heads/main\n".to_vec(),
            b"ref: refs/heads/side\n".to_vec(),
            format!("{id}\n").into_bytes(),
        ]
    };
    let configs = |r: &Repo| {
        let plain = String::from_utf8(content(r, ".git/config")).unwrap();
        vec![
            plain.clone().into_bytes(),
            format!("{plain}[remote \"o\"]\n\turl = x\n").into_bytes(),
            format!("# a comment\n{plain}[core]\n\tautocrlf = false\n").into_bytes(),
            b"[core\n".to_vec(),
        ]
    };
    let packed = |r: &Repo| vec![content(r, ".git/packed-refs")];
    for case in [
        Run {
            name: "index, clean",
            file: ".git/index",
            modes: "rwot",
            verdict: false,
            branches: main,
            states: &|r| index_states(r, false),
        },
        Run {
            name: "index, dirty",
            file: ".git/index",
            modes: "rwot",
            verdict: true,
            branches: main,
            states: &|r| index_states(r, true),
        },
        Run {
            name: "pack, clean",
            file: ".pack",
            modes: "rwot",
            verdict: false,
            branches: main,
            states: &|r| pack_states(r, ".pack"),
        },
        Run {
            name: "pack, dirty",
            file: ".pack",
            modes: "rwot",
            verdict: true,
            branches: main,
            states: &|r| {
                let states = pack_states(r, ".pack");
                dirty_file(r);
                states
            },
        },
        Run {
            name: "pack index, clean",
            file: ".idx",
            modes: "rwot",
            verdict: false,
            branches: main,
            states: &|r| pack_states(r, ".idx"),
        },
        // Cut off, HEAD names a branch without a commit, and then everything is staged.
        Run {
            name: "HEAD, clean",
            file: ".git/HEAD",
            modes: "r",
            verdict: false,
            branches: &["main", "side"],
            states: &heads,
        },
        Run {
            name: "HEAD, dirty",
            file: ".git/HEAD",
            modes: "rwot",
            verdict: true,
            branches: &prefixes,
            states: &|r| {
                dirty_file(r);
                heads(r)
            },
        },
        Run {
            name: "config, clean",
            file: ".git/config",
            modes: "rwt",
            verdict: false,
            branches: main,
            states: &configs,
        },
        Run {
            name: "config, dirty",
            file: ".git/config",
            modes: "rwt",
            verdict: true,
            branches: main,
            states: &|r| {
                dirty_file(r);
                configs(r)
            },
        },
        Run {
            name: "packed-refs, dirty",
            file: ".git/packed-refs",
            modes: "rwot",
            verdict: true,
            branches: main,
            states: &|r| {
                dirty_file(r);
                packed(r)
            },
        },
    ] {
        run(&program, &case);
    }
}
