//! What a workspace, or a git that is not well, may cost: time, memory, processes.
#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use support::{PROBE, Place, Said};

/// The processes whose command line holds `text`.
fn alive(text: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let is_ours = |path: &Path| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(text)
    };
    processes.filter(|process| is_ours(&process.path())).count()
}

/// A directory with a `git` that is a shell script, before all others on `PATH`.
fn double(place: &Place, script: &str) -> String {
    let dir = place.path().join("bin");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("git"), format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(dir.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", dir.display(), std::env::var("PATH").unwrap())
}

fn probe(place: &Place, set: impl Fn(&mut Command)) -> (Output, Duration) {
    let mut command = place.command(&*PROBE);
    command.arg(place.path().join("repo"));
    set(&mut command);
    let started = Instant::now();
    let output = command.output().unwrap();
    (output, started.elapsed())
}

fn name_alone() -> Said {
    Said {
        name: Some("repo".to_owned()),
        ..Said::default()
    }
}

#[test]
fn a_git_that_hangs_is_killed_with_what_it_started() {
    let place = Place::new();
    place.build("basic").unwrap();
    let path = double(&place, "sleep 31.417");
    let (output, took) = probe(&place, |command| {
        command.env("PATH", &path);
    });
    assert_eq!(Said::read(&output), name_alone());
    assert!(
        took > Duration::from_millis(1900) && took < Duration::from_millis(2600),
        "{took:?}"
    );
    assert_eq!(alive("31.417"), 0);
}

#[test]
fn no_git_outlives_a_process_that_is_killed() {
    let place = Place::new();
    place.build("basic").unwrap();
    let path = double(&place, "sleep 31.418");
    let mut command = place.command(&*PROBE);
    command
        .arg(place.path().join("repo"))
        .env("PATH", path)
        .stdout(Stdio::null());
    let mut process = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(2);
    while alive("31.418") == 0 {
        assert!(Instant::now() < deadline, "git was started");
        thread::sleep(Duration::from_millis(5));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(alive("31.418"), 0);
    assert_eq!(alive(place.path().to_str().unwrap()), 0);
}

#[test]
fn without_a_git_that_is_well_there_is_the_name() {
    for script in [
        "echo nonsense; seq 9",
        "cat /dev/zero",
        "exec >&-; sleep 9",
        "kill -9 $$",
    ] {
        let place = Place::new();
        place.build("basic").unwrap();
        let path = double(&place, script);
        let (output, took) = probe(&place, |command| {
            command.env("PATH", &path);
        });
        let said = Said::read(&output);
        assert!(
            said.branch.is_none() && said.dirty.is_none(),
            "{script}: {said:?}"
        );
        assert!(took < Duration::from_millis(2600), "{script}: {took:?}");
    }
    let place = Place::new();
    place.build("basic").unwrap();
    // Neither a relative entry counts, nor one in the repository.
    place
        .build("mkdir bin; printf '#!/bin/sh\\ntouch ran\\n' >bin/git; chmod +x bin/git")
        .unwrap();
    let path = format!("bin::.:{}", place.path().join("repo/bin").display());
    let (output, _) = probe(&place, |command| {
        command
            .env("PATH", &path)
            .current_dir(place.path().join("repo"));
    });
    let said = Said::read(&output);
    assert!(
        said.complaint.is_some() && said.name.is_some() && said.branch.is_none(),
        "{said:?}"
    );
    assert!(!place.path().join("repo/ran").exists());
}

#[test]
fn without_a_room_there_is_no_verdict() {
    let place = Place::new();
    place.build("basic").unwrap();
    let (output, _) = probe(&place, |command| {
        command.env("TMPDIR", "/nowhere/at/all");
    });
    let said = Said::read(&output);
    assert_eq!((said.branch.as_deref(), said.dirty), (Some("main"), None));
    assert!(said.complaint.is_some());
}

#[test]
fn what_a_workspace_holds_costs_time_and_memory_within_bounds() {
    let cases = [
        // The trees of an index, nested by the million.
        "basic; { printf 'DIRC\\0\\0\\0\\2\\0\\0\\0\\0TREE'; printf '\\0\\220\\344\\210'
           yes 'a:-1 1' | head -n 1356504 | tr ':' '\\0' ; head -c 20 /dev/zero; } >.git/index",
        "basic; { yes '[a b]' | head -n 90000; } >>.git/config",
        "basic; { yes '[core]
            filemode' | head -n 60000; } >>.git/config",
        "basic; p=.; for n in $(seq 250); do p=$p/a; mkdir $p; done; echo x >$p/x; old; commit
           yes '**/a/** text' | head -n 18000 >.gitattributes; touched $p/x",
        "basic; p=.; for n in $(seq 900); do p=$p/a; done; mkdir -p $p; echo x >$p/x; commit",
        "basic; rm .git/HEAD; mkfifo .git/HEAD",
        "basic; rm .git/config; mkfifo .git/config",
        "basic; rm .git/index; mkfifo .git/index",
        "basic; mkfifo .git/sharedindex.x; mkdir -p .git/info; mkfifo .git/info/attributes",
        "basic; rm a.txt; truncate -s 1T a.txt",
    ];
    for text in cases {
        let place = Place::new();
        place
            .build(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        let (output, _) = probe(&place, |command| {
            command.env("MALLOC_ARENA_MAX", "2");
        });
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let figure = |name: &str| {
            let line = said
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap_or_default();
            line.parse::<u64>().unwrap_or(u64::MAX)
        };
        assert!(figure("grown=") < 8 << 10, "{text}: {said}");
        assert!(figure("milliseconds=") < 2300, "{text}: {said}");
        assert_eq!(
            fs::read_dir(place.path().join("rooms")).unwrap().count(),
            0,
            "{text}"
        );
    }
}
