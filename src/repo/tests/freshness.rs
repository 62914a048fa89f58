//! How long hints are sent.
#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use support::Place;
use taas_affinity_repo::{Hints, Workspace};

fn wait(mut until: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !until() {
        assert!(Instant::now() < deadline, "it happens");
        thread::sleep(Duration::from_millis(2));
    }
}

fn threads() -> usize {
    let names = fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = names.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with("taas-git")).count()
}

fn probe(workspace: &Workspace) -> Arc<Hints> {
    workspace.probe();
    wait(|| workspace.hints().is_some());
    workspace.hints().unwrap()
}

#[test]
fn hints_are_sent_for_two_seconds() {
    let place = Place::new();
    place.build("basic").unwrap();
    let workspace = Workspace::new(place.path().join("repo"));
    let below = Workspace::new(place.path().join("repo/b/d"));
    assert_eq!(workspace.hints(), None, "nothing is started by a name");
    assert_eq!(probe(&workspace).dirty, Some(false));
    let found = Instant::now();
    // The same answer serves the whole repository.
    assert!(Arc::ptr_eq(&probe(&below), &workspace.hints().unwrap()));
    // Looked at while it is young, it stays.
    place.build("echo longer >a.txt").unwrap();
    workspace.probe();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(workspace.hints().and_then(|hints| hints.dirty), Some(false));
    // The hints expire, also without a call.
    wait(|| workspace.hints().is_none());
    assert!(found.elapsed() > Duration::from_millis(1900));
    assert_eq!(probe(&workspace).dirty, Some(true));
    // One thread waits for more.
    wait(|| threads() == 1);
    for at in 0..600 {
        probe(&Workspace::new(format!("/nowhere/{at}")));
    }
    assert!(threads() <= 5);
}

#[test]
fn a_process_that_was_stopped_has_hints_again_after_the_next_probe() {
    let place = Place::new();
    place.build("basic").unwrap();
    let repo = place.path().join("repo");
    let mut command = place.command(&*support::PROBE);
    command.arg(&repo).arg(&repo).stdout(std::process::Stdio::piped());
    let process = command.spawn().unwrap();
    let send = |signal: &str| {
        Command::new("kill").args([signal.to_owned(), process.id().to_string()]).status().unwrap()
    };
    thread::sleep(Duration::from_millis(15));
    send("-STOP");
    thread::sleep(Duration::from_millis(5500));
    send("-CONT");
    let output = process.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.matches("dirty=Some(false)").count(), 2, "{text}");
}

#[test]
fn the_age_of_an_answer_counts_from_the_beginning_of_the_probe() {
    let place = Place::new();
    place.build("basic; mkdir ../bin").unwrap();
    let git = place.path().join("bin/git");
    let script = "case $* in *status*) sleep 1.5;; esac; exec /usr/bin/git \"$@\"";
    fs::write(&git, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = place.command(&*support::PROBE);
    command.arg(place.path().join("repo")).env("PROBE_CALLS", "9000");
    command.env("PATH", format!("{}:/usr/bin:/bin", place.path().join("bin").display()));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<u32> =
        text.split(['=', ' ', '\n']).filter_map(|word| word.parse().ok()).collect();
    let [calls, branches, verdicts] = figures[..] else { panic!("{text}") };
    // A verdict that took 1.5 seconds is told for half a second; name and branch are told all the time.
    assert!(verdicts > 0 && verdicts * 2 < calls, "{text}");
    assert!(branches * 10 > calls * 9, "{text}");
}
