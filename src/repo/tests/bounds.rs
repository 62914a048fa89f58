//! What a workspace, or a git that is not well, may cost: time, memory, processes.
#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use support::{PROBE, Place, Said, alive};

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
    Said { name: Some("repo".to_owned()), ..Said::default() }
}

#[test]
fn a_git_that_hangs_is_killed_with_what_it_started() {
    let place = Place::new();
    place.build("basic").unwrap();
    let path = double(&place, "sleep 31.417");
    let (output, took) = probe(&place, |command| {
        command.env("PATH", &path);
    });
    let said = Said::read(&output);
    let complaint = said.complaint.as_deref().unwrap_or_default();
    assert!(complaint.contains("does not answer within 2 seconds"), "{complaint}");
    assert_eq!(Said { complaint: None, ..said }, name_alone());
    assert!(took > Duration::from_millis(1900) && took < Duration::from_millis(2600), "{took:?}");
    assert_eq!(alive("31.417"), [0; 0]);
}

/// Waits until `is` holds.
fn wait(what: &str, at_most: Duration, is: impl Fn() -> bool) {
    let deadline = Instant::now() + at_most;
    while !is() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn no_git_outlives_who_looked() {
    let ends = [("wait", "-KILL"), ("wait", "-TERM"), ("exit", ""), ("thread", "")];
    // Signal 29 says that a pipe has changed.
    let scripts = ["", "trap '' HUP INT TERM 29; "];
    let cases = scripts.iter().flat_map(|script| ends.map(|(how, signal)| (script, how, signal)));
    for (at, (ignores, how, signal)) in cases.enumerate() {
        let place = Place::new();
        place.build("basic").unwrap();
        let seconds = format!("31.418{at}");
        let path = double(&place, &format!("{ignores}sleep {seconds}"));
        let mut command = place.command(&*PROBE);
        command.arg(place.path().join("repo")).env("PATH", path).env("PROBE_END", how);
        let mut process = command.spawn().unwrap();
        let started = Duration::from_secs(2);
        // Its standard input is the leash, and says so in its flags once it is fastened.
        let is_tied = |process: &u32| {
            let input = fs::read_to_string(format!("/proc/{process}/fdinfo/0")).unwrap_or_default();
            let flags = input.lines().find_map(|line| line.strip_prefix("flags:"));
            let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
            flags.is_some_and(|flags| flags & 0o20000 != 0)
        };
        wait("git was started", started, || alive(&seconds).iter().any(is_tied));
        if !signal.is_empty() {
            let mut kill = Command::new("kill");
            kill.arg(signal).arg(process.id().to_string());
            assert!(kill.status().unwrap().success());
        }
        if how != "thread" {
            process.wait().unwrap();
        }
        let name = format!("no git after {how} {signal}");
        wait(&name, Duration::from_millis(2500), || alive(&seconds).is_empty());
        let _ = process.kill();
        process.wait().unwrap();
        wait(&name, Duration::from_secs(1), || alive(place.path().to_str().unwrap()).is_empty());
    }
}

#[test]
fn without_a_git_that_is_well_there_is_the_name() {
    for script in ["echo nonsense; seq 9", "cat /dev/zero", "exec >&-; sleep 9", "kill -9 $$"] {
        let place = Place::new();
        place.build("basic").unwrap();
        let path = double(&place, script);
        let (output, took) = probe(&place, |command| {
            command.env("PATH", &path);
        });
        let said = Said::read(&output);
        assert!(said.branch.is_none() && said.dirty.is_none(), "{script}: {said:?}");
        assert!(took < Duration::from_millis(2600), "{script}: {took:?}");
    }
    let place = Place::new();
    place.build("basic").unwrap();
    // Neither a relative entry counts, nor one in the repository.
    place.build("mkdir bin; printf '#!/bin/sh\\ntouch ran\\n' >bin/git; chmod +x bin/git").unwrap();
    let path = format!("bin::.:{}", place.path().join("repo/bin").display());
    let (output, _) = probe(&place, |command| {
        command.env("PATH", &path).current_dir(place.path().join("repo"));
    });
    let said = Said::read(&output);
    assert!(said.complaint.is_some() && said.name.is_some() && said.branch.is_none(), "{said:?}");
    assert!(!place.path().join("repo/ran").exists());
}

#[test]
fn without_a_temporary_directory_there_is_no_verdict() {
    let place = Place::new();
    place.build("basic").unwrap();
    let (output, _) = probe(&place, |command| {
        command.env("TMPDIR", "/nowhere/at/all");
    });
    let said = Said::read(&output);
    assert_eq!((said.branch.as_deref(), said.dirty), (Some("main"), None));
    assert!(said.complaint.is_some());
}

/// Indexes without entries, of a tree with a million others in it, and of one in another.
const TREES: &str =
    "index() { printf 'DIRC\\0\\0\\0\\2\\0\\0\\0\\0TREE\\0'; cat; head -c 20 /dev/zero; }
    wide() { { printf '\\306\\135\\114\\0-1 1000000\\n'
        seq -f '%07g:-1 0' 1000000 | tr ':' '\\0'; } | index; }
    deep() { { printf '\\220\\343\\356\\0-1 1\\n'
        yes 'a:-1 1' | head -n 1356504 | tr ':' '\\0'; } | index; }
    submodules() {
        basic; mkdir .git/modules
        for n in $(seq 30); do
            mkdir s$n; cd s$n; git init -q --separate-git-dir ../.git/modules/s$n
            git config core.worktree ../../../s$n; git commit -q --allow-empty -m one; cd ..
            git add s$n 2>/dev/null
        done
        commit
    }\n";

/// What a workspace holds, and what is to be said of it: nothing, its names, or a verdict, too.
const HARM: &[(&str, &str)] = &[
    ("any", "basic; deep >.git/index"),
    (
        "any",
        "submodules; wide >.git/trees; for m in .git .git/modules/*; do
         ln -f .git/trees $m/index; done",
    ),
    ("any", "basic; yes '[a b]' | head -n 90000 >>.git/config"),
    (
        "verdict",
        "basic; { yes '[core]
            filemode' | head -n 60000; } >>.git/config",
    ),
    (
        "names",
        "submodules; { echo '[a]'; yes ab | head -n 340000; } >keys
         for m in .git .git/modules/*; do cat keys >>$m/config; done",
    ),
    (
        "names",
        "basic; p=.; for n in $(seq 250); do p=$p/a; mkdir $p; done
         for n in $(seq 40); do echo $n >$p/x$n; done; old; commit
         yes '**/a/**/a/**/a/**/z text' | head -n 9000 >.gitattributes; touched $p/x*",
    ),
    (
        "verdict",
        "basic; p=.; for n in $(seq 970); do p=$p/a; done; mkdir -p $p; echo x >$p/x; old; commit",
    ),
    (
        "verdict",
        "basic; for n in $(seq 985); do printf 'blob\\ndata 4\\n%04d\\ncheckpoint\\n' $n; done |
         git -c fastimport.unpackLimit=0 fast-import --quiet
         test $(ls .git/objects/pack/*.pack | wc -l) = 985",
    ),
    ("any", "basic; rm .git/HEAD; mkfifo .git/HEAD"),
    ("any", "basic; rm .git/config; mkfifo .git/config"),
    ("names", "basic; rm .git/index; mkfifo .git/index"),
    ("names", "basic; mkfifo .git/sharedindex.x; mkdir -p .git/info; mkfifo .git/info/attributes"),
    ("any", "basic; rm a.txt; truncate -s 1T a.txt"),
];

#[test]
fn what_a_workspace_holds_costs_time_and_memory_within_bounds() {
    for (expected, text) in HARM {
        let place = Place::new();
        place.build(&format!("{TREES}{text}")).unwrap_or_else(|error| panic!("{text}: {error}"));
        let repo = place.path().join("repo");
        // The limit of a gateway that somebody else's files have nearly reached.
        let mut command = place.command("/bin/sh");
        command.args(["-c", "ulimit -Sn 1024; exec \"$0\" \"$@\""]);
        command.arg(&*PROBE).arg(&repo).env("MALLOC_ARENA_MAX", "2");
        let many = (1..=30).map(|n| repo.join(format!("s{n}")));
        let workspaces = command.args(many.filter(|dir| dir.exists()));
        // Three that are new are probed at once.
        let batches = workspaces.get_args().count().div_ceil(3) as u64;
        let output = workspaces.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        println!("{text}: {said}");
        let figure = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.parse::<u64>().unwrap_or(u64::MAX)
        };
        // Two seconds for git, and as many for a machine that has other things to do.
        let most = 4400 * batches + 5000;
        assert!(figure("milliseconds=") < most, "{text}: {said}");
        assert!(figure("grown=") <= 8 << 10, "{text}: {said}");
        assert!(figure("descriptors=") <= 16, "{text}: {said}");
        assert!(figure("children=") <= 4, "{text}: {said}");
        assert_eq!(figure("left="), 0, "{text}: {said}");
        let temporary = fs::read_dir(place.path().join("temporary")).unwrap();
        assert_eq!(temporary.count(), 0, "{text}");
        let first = Said::read(&output);
        let has_names = first.name.is_some() && first.branch.is_some();
        match *expected {
            "verdict" => assert!(first.dirty == Some(false) && has_names, "{text}: {said}"),
            "names" => assert!(first.dirty.is_none() && has_names, "{text}: {said}"),
            _ => assert_ne!(first.dirty, Some(false), "{text}: {said}"),
        }
    }
}

#[test]
fn settings_of_the_environment_count_as_they_do_for_git() {
    let place = Place::new();
    place.build("init; printf 'a\\r\\n' >t.txt; old; commit; touched t.txt").unwrap();
    let repo = place.path().join("repo");
    let truth = place.truth(&repo);
    assert_eq!(truth.dirty, Some(false));
    let (output, _) = probe(&place, |command| {
        command.env("GIT_CONFIG_GLOBAL", "/dev/null");
    });
    assert_eq!(Said::read(&output), truth);
    // Attributes of the whole system, in a name space of our own.
    let within = "dir=$(dirname \"$(git var GIT_ATTR_SYSTEM)\") && mount -t tmpfs x \"$dir\" &&
        echo '*.txt text' >\"$dir/gitattributes\" || exit 9
        git -C \"$1\" status --porcelain >&2; exec \"$0\" \"$1\"";
    let mut command = place.command("unshare");
    command.args(["-Urm", "/bin/sh", "-c", within]).arg(&*PROBE).arg(&repo);
    let output = command.output().unwrap();
    if output.status.success() {
        assert_eq!(output.stderr, b" M t.txt\n", "git reads them");
        assert_eq!(Said::read(&output).dirty, Some(true));
    }
}
