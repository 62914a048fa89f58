//! Random edits against one living probe with all that it remembers, compared with git after each.
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
use std::time::Duration;

use support::{Place, Random, Repo, dirty, probe, rounds};

const FILES: usize = 30;

fn file(random: &mut Random) -> String {
    let at = random.below(FILES);
    format!("d{}/f{at}", at % 4)
}

fn exists(r: &Repo, path: &str) -> bool {
    r.path(path).symlink_metadata().is_ok()
}

fn edit(r: &Repo, random: &mut Random) -> String {
    let path = file(random);
    match random.below(22) {
        0 | 1 => {
            r.write(&path, format!("{}\n", random.below(10)));
            format!("write {path}")
        }
        2 => {
            r.write(&path, format!("{}\r\n", random.below(10)));
            format!("write CRLF {path}")
        }
        3 | 4 if exists(r, &path) => {
            let file = fs::File::options().write(true).open(r.path(&path)).unwrap();
            file.set_modified(
                std::time::SystemTime::now() - Duration::from_secs(random.next() % 5000),
            )
            .unwrap();
            format!("touch {path}")
        }
        5 if exists(r, &path) => {
            let mode = [0o644, 0o755, 0o600][random.below(3)];
            r.chmod(&path, mode);
            format!("chmod {mode:o} {path}")
        }
        6 if exists(r, &path) => {
            r.remove(&path);
            format!("remove {path}")
        }
        7 if exists(r, &path) => {
            let bytes = fs::read(r.path(&path)).unwrap();
            fs::write(r.path("copy"), bytes).unwrap();
            fs::rename(r.path("copy"), r.path(&path)).unwrap();
            format!("replace by an equal one {path}")
        }
        8 if exists(r, &path) => {
            let to = file(random);
            r.try_git(["mv", "-f", &path, &to]);
            format!("mv {path} {to}")
        }
        9 | 10 => {
            r.try_git(["add", &path]);
            format!("add {path}")
        }
        11 => {
            r.git("add -A");
            "add -A".into()
        }
        12 => {
            r.git("reset -q");
            "reset".into()
        }
        13 | 14 => {
            r.git("reset -q --hard");
            "reset --hard".into()
        }
        15 => {
            r.try_git(["checkout", "-q", "--", &path]);
            format!("checkout -- {path}")
        }
        16 | 17 => {
            r.git("add -A");
            r.git("commit -q --allow-empty -m more");
            "commit".into()
        }
        18 => {
            let branch = ["main", "side", "third"][random.below(3)];
            if !r.try_git(["checkout", "-q", branch]).status.success() {
                r.try_git(["checkout", "-q", "-b", branch]);
            }
            format!("checkout {branch}")
        }
        19 => {
            r.try_git(["reset", "-q", "--soft", "HEAD~1"]);
            "reset --soft".into()
        }
        20 => {
            let attributes = ["", "* text=auto\n", "*f1* text\n", "d0/* -text\n"][random.below(4)];
            r.write(".gitattributes", attributes);
            format!("attributes {attributes:?}")
        }
        21 => {
            let words = [
                "config core.fileMode false",
                "config core.fileMode true",
                "config core.autocrlf input",
                "config core.autocrlf false",
                "gc -q",
                "update-index -q --refresh",
            ][random.below(6)];
            r.try_git(words.split(' '));
            words.into()
        }
        _ => "nothing".into(),
    }
}

#[test]
fn the_verdict_stays_gits_through_random_edits() {
    let seed = std::env::var("REPO_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0x5eed);
    let place = Place::new("edits");
    let r = place.repo("repo");
    r.init("");
    for at in 0..FILES {
        r.write(&format!("d{}/f{at}", at % 4), format!("{}\n", at % 10));
    }
    r.commit("one");
    let mut prober = place.prober();
    let mut random = Random(seed);
    let mut log: Vec<String> = Vec::new();
    let (mut clean, mut unclean, mut none) = (0, 0, 0);
    for round in 0..rounds(1500) {
        let done = edit(&r, &mut random);
        log.push(done);
        // Now and then long enough for what was read to be remembered.
        if random.below(12) == 0 {
            std::thread::sleep(Duration::from_millis(115));
            probe(&mut prober, &r.dir);
        }
        let hints = probe(&mut prober, &r.dir);
        let says = dirty(&place, &r.dir);
        let branch = r.git("branch --show-current");
        let recent = || log[log.len().saturating_sub(12)..].join(", ");
        assert_eq!(
            hints.branch.as_deref(),
            Some(branch.as_str()),
            "seed {seed}, round {round}: {}",
            recent()
        );
        match hints.dirty {
            None => none += 1,
            Some(verdict) => {
                assert_eq!(
                    Some(verdict),
                    says,
                    "seed {seed}, round {round}: {}",
                    recent()
                );
                *(if verdict { &mut unclean } else { &mut clean }) += 1;
            }
        }
        // Let git refresh the index now and then, as a user's git status does.
        if random.below(10) == 0 {
            r.git("status --porcelain");
        }
    }
    println!("clean {clean}, dirty {unclean}, without {none}");
    assert!(
        clean > none && unclean > none && none * 50 < clean + unclean,
        "{clean} {unclean} {none}"
    );
}
