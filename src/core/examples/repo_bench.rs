//! How long a probe takes, beside git started twice as a plugin without this module would: `repo_bench [FILES...]`.
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

use taas_affinity::repo;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use repo::inspect::{Environment, Limits, Prober};

fn git(dir: &Path, words: &str) -> Vec<u8> {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.com",
            "-c",
            "core.fsync=none",
        ])
        .args(words.split(' '))
        .current_dir(dir)
        .output()
        .expect("git is needed to compare with");
    assert!(
        output.status.success(),
        "git {words}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn build(dir: &Path, files: usize) {
    git(dir, "init -q .");
    let old = SystemTime::now() - Duration::from_secs(3600);
    for at in 0..files {
        let sub = dir.join(format!("d{}/e{}", at % 100, at / 100 % 10));
        fs::create_dir_all(&sub).unwrap();
        let path = sub.join(format!("file-{at}.txt"));
        fs::write(&path, format!("content of file {at}\n").repeat(20)).unwrap();
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(old)
            .unwrap();
    }
    git(dir, "add -A");
    git(dir, "commit -q -m one");
}

/// Median, in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

fn time(rounds: usize, mut what: impl FnMut()) -> f64 {
    median(
        (0..rounds)
            .map(|_| {
                let start = Instant::now();
                what();
                start.elapsed()
            })
            .collect(),
    )
}

fn main() {
    let sizes: Vec<usize> = std::env::args()
        .skip(1)
        .map(|text| text.parse().expect("a number"))
        .collect();
    let sizes = if sizes.is_empty() {
        vec![100, 10_000, 100_000]
    } else {
        sizes
    };
    println!("median ms                 | git twice | first probe | later probe | asking");
    for files in sizes {
        let dir: PathBuf =
            std::env::temp_dir().join(format!("repo-bench-{}-{files}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        build(&dir, files);
        std::thread::sleep(Duration::from_millis(150));
        for state in ["clean", "dirty, last file", "clean, stat unknown"] {
            match state {
                "clean" => {}
                "dirty, last file" => {
                    let paths = git(&dir, "ls-files");
                    let last = String::from_utf8(paths)
                        .unwrap()
                        .lines()
                        .last()
                        .unwrap()
                        .to_owned();
                    fs::write(dir.join(last), "changed").unwrap();
                }
                // As after a copy: git would have to hash every file, again and again.
                _ => {
                    git(&dir, "reset -q --hard");
                    git(&dir, "read-tree HEAD");
                }
            }
            std::thread::sleep(Duration::from_millis(150));
            let limits =
                || Limits::new(Duration::from_secs(60), 1 << 30, std::sync::Arc::default());
            let expected = Some(state.starts_with("dirty"));
            let probe = |prober: &mut Prober| {
                assert_eq!(prober.probe(&dir, &limits()).dirty, expected, "{state}");
            };
            let new = || Prober::new(Environment::of_process());
            let first = time(9, || probe(&mut new()));
            let mut living = new();
            probe(&mut living);
            let later = time(25, || probe(&mut living));
            // Only the call: the probes themselves are coalesced behind it.
            let asking = time(200, || repo::request(&dir, |_| {}));
            let rounds = if files > 50_000 { 3 } else { 9 };
            let twice = time(rounds, || {
                git(&dir, "--no-optional-locks branch --show-current");
                git(
                    &dir,
                    "--no-optional-locks status --porcelain --untracked-files=no",
                );
            });
            println!(
                "{files:>7} {state:<18}| {twice:>9.3} | {first:>11.3} | {later:>11.3} | {asking:.4}"
            );
        }
        fs::remove_dir_all(&dir).unwrap();
    }
}
