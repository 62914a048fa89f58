//! One bad workspace takes no hints away from the others.
#![cfg(target_os = "linux")]

mod support;

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Output};

use support::{PROBE, Place};

/// A git that hangs in repositories whose name begins with `slow`, at the commands that `hangs` says.
fn slow(place: &Place, hangs: &str) -> String {
    let script = format!(
        "#!/bin/sh\ncase \"$3 $*\" in */slow*) case $* in {hangs}) exec sleep 31.7;; esac;; esac\n\
         exec /usr/bin/git \"$@\"\n"
    );
    let dir = place.path().join("bin");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("git"), script).unwrap();
    fs::set_permissions(dir.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", dir.display())
}

struct Count {
    calls: u32,
    branches: u32,
    verdicts: u32,
}

fn counts(output: &Output) -> Vec<Count> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let count = |line: &str| {
        let figures: Vec<_> = line.split(' ').filter_map(|word| word.split('=').nth(1)).collect();
        let [calls, branches, verdicts] = [0, 1, 2].map(|at: usize| figures[at].parse().unwrap());
        Count { calls, branches, verdicts }
    };
    text.lines().filter(|line| line.starts_with("calls=")).map(count).collect()
}

fn complaints(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter_map(|line| line.strip_prefix("complaint=")).map(str::to_owned).collect()
}

/// Looks at many slow repositories, with a healthy one among them, for `milliseconds`. Its count is the
/// last.
fn call(place: &Place, hangs: &str, milliseconds: u32) -> (Output, Vec<Count>) {
    place.build("basic; for n in 1 2 3 4 5 6 7 8 9; do cp -a . ../slow$n; done").unwrap();
    let path = slow(place, hangs);
    let mut command = place.command(&*PROBE);
    let slow = |n: u32| place.path().join(format!("slow{n}"));
    command.args((1..=4).map(slow)).arg(place.path().join("repo")).args((5..=9).map(slow));
    command.env("PATH", path).env("PROBE_CALLS", milliseconds.to_string());
    let output = command.output().unwrap();
    let mut counts = counts(&output);
    counts[4..].rotate_left(1);
    (output, counts)
}

#[test]
fn slow_repositories_leave_a_healthy_one_its_hints_and_keep_their_names_and_branches() {
    let place = Place::new();
    let (output, counts) = call(&place, "*status*", 20_000);
    let (healthy, slow) = counts.split_last().unwrap();
    assert!(healthy.branches * 10 > healthy.calls * 9, "{output:?}");
    assert!(healthy.verdicts * 10 > healthy.calls * 6, "{output:?}");
    assert_eq!(slow.len(), 9);
    for count in slow {
        assert!(count.branches * 10 > count.calls * 8, "{output:?}");
        assert_eq!(count.verdicts, 0);
    }
    let complaints = complaints(&output);
    for n in 1..=9 {
        let workspace = place.path().join(format!("slow{n}")).display().to_string();
        let named: Vec<_> = complaints.iter().filter(|text| text.contains(&workspace)).collect();
        assert_eq!(named.len(), 1, "one line for {workspace}: {complaints:?}");
        assert!(named[0].contains("carry no git_dirty_hint: git status and its wait take"));
    }
    assert_eq!(complaints.len(), 9, "{complaints:?}");
}

#[test]
fn a_git_that_hangs_in_some_repositories_leaves_a_healthy_one_its_hints() {
    let place = Place::new();
    let (output, counts) = call(&place, "*", 16_000);
    let healthy = counts.last().unwrap();
    assert!(healthy.verdicts * 10 > healthy.calls * 5, "{output:?}");
}

#[test]
fn a_verdict_that_takes_too_long_is_asked_for_less_and_less_often() {
    let place = Place::new();
    place.build("basic; cp -a . ../slow").unwrap();
    let path = slow(&place, "*status*");
    let script = place.path().join("bin/git");
    let text = fs::read_to_string(&script).unwrap();
    let log = place.path().join("asked");
    let note = format!("case $* in *status*) echo >>'{}';; esac\n", log.display());
    fs::write(&script, text.replacen("case", &format!("{note}case"), 1)).unwrap();
    let mut command = place.command(&*PROBE);
    command.arg(place.path().join("slow")).env("PATH", path).env("PROBE_CALLS", "25000");
    let output = command.output().unwrap();
    let asked = fs::read_to_string(log).unwrap().lines().count();
    // At 0, 10 and 28 seconds; at once, it would be twelve times.
    assert!((1..=2).contains(&asked), "{asked}: {output:?}");
    let count = &counts(&output)[0];
    assert!(count.branches * 10 > count.calls * 9, "{output:?}");
}

#[test]
fn workspaces_whose_file_system_does_not_answer_leave_others_their_hints() {
    let place = Place::new();
    place.build("basic; for n in 1 2 3 4 5 6; do mkdir -p ../gone/$n; done").unwrap();
    let mut strace = place.command("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=readlink,readlinkat,statx"]);
    strace.args(["-e", "inject=readlink,readlinkat,statx:delay_enter=14000000"]);
    let gone: Vec<PathBuf> = (1..=6).map(|n| place.path().join(format!("gone/{n}"))).collect();
    for dir in &gone {
        strace.arg("-P").arg(dir);
    }
    strace.arg(&*PROBE).args(&gone).arg(place.path().join("repo"));
    strace.env("PROBE_CALLS", "11000");
    let mut child = strace.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut text).unwrap();
    child.wait().unwrap();
    let line = text.lines().rfind(|line| line.starts_with("calls=")).unwrap();
    let verdicts: u32 = line.rsplit('=').next().unwrap().parse().unwrap();
    assert!(verdicts > 100, "{text}");
    assert!(text.contains("its file system does not answer"), "{text}");
}

#[test]
fn many_files_on_a_file_system_that_takes_its_time_for_each_get_a_verdict() {
    let place = Place::new();
    place.build("init; for n in $(seq 2500); do echo $n >$n; done; old; commit").unwrap();
    let path = slow(&place, "*nothing*");
    let script = "#!/bin/sh\ncase $* in *status*) exec strace -f -qq -o /dev/null \\
        -e trace=lstat,newfstatat -e inject=lstat,newfstatat:delay_enter=1000 \\
        /usr/bin/git \"$@\";; esac\nexec /usr/bin/git \"$@\"\n";
    fs::write(place.path().join("bin/git"), script).unwrap();
    let mut command = place.command(&*PROBE);
    let output = command.arg(place.path().join("repo")).env("PATH", path).output().unwrap();
    let said = support::Said::read(&output);
    assert_eq!(said.dirty, Some(false), "2,500 files of a millisecond each: {said:?}");
}

/// Runs the probe with arguments that `args` makes, where each look at `hung` takes 14 seconds. `gone` is
/// a file system of its own. `None` where this system has no such name spaces.
fn call_with_hung_paths(
    place: &Place,
    hung: &str,
    args: &str,
    milliseconds: u32,
) -> Option<String> {
    let script = format!(
        "cd \"$1\" && mkdir -p gone && mount -t tmpfs x gone || exit 9
         hung=$({hung}); mkdir -p $hung; paths=$(for dir in $hung; do echo -P $PWD/$dir; done)
         exec strace -f -qq -o /dev/null -e trace=readlink,readlinkat,statx $paths \
             -e inject=readlink,readlinkat,statx:delay_enter=14000000 \"$0\" {args}"
    );
    let mut command = place.command("unshare");
    command.args(["-rm", "/bin/sh", "-c", &script]).arg(&*PROBE).arg(place.path());
    let path = ["first", "/usr/bin", "/bin", "last"].map(|dir| place.path().join(dir));
    command.env("PATH", std::env::join_paths(path).unwrap());
    let output = command.env("PROBE_CALLS", milliseconds.to_string()).output().unwrap();
    (output.status.code() != Some(9)).then(|| String::from_utf8(output.stdout).unwrap())
}

/// The calls and verdicts of the last workspace.
fn last_count(text: &str) -> (u32, u32) {
    let line = text.lines().rfind(|line| line.starts_with("calls=")).expect("a count");
    let figures: Vec<_> = line.split(' ').filter_map(|word| word.split('=').nth(1)).collect();
    (figures[0].parse().unwrap(), figures[2].parse().unwrap())
}

#[test]
fn many_workspaces_on_one_dead_file_system_leave_others_their_hints() {
    let place = Place::new();
    place.build("basic").unwrap();
    let text = call_with_hung_paths(
        &place,
        "seq -f gone/%g 300",
        "$(seq -f \"$1/gone/%g\" 300) \"$1/repo\"",
        12_000,
    );
    let Some(text) = text else { return };
    let (calls, verdicts) = last_count(&text);
    assert!(verdicts * 10 > calls * 6, "{verdicts} of {calls}");
    assert!(text.contains("its file system does not answer"), "{text}");
}

#[test]
fn a_directory_on_path_that_does_not_answer_keeps_no_git_away() {
    for (hung, least) in [("last", 8), ("first", 3)] {
        let place = Place::new();
        place.build("basic").unwrap();
        let text = call_with_hung_paths(&place, &format!("echo {hung}"), "\"$1/repo\"", 14_000);
        let Some(text) = text else { return };
        let (calls, verdicts) = last_count(&text);
        assert!(verdicts * 10 > calls * least, "{hung}: {verdicts} of {calls}");
        assert!(!text.contains("file system does not answer; it"), "{text}");
    }
}
