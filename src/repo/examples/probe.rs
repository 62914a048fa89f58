//! Probes workspaces and prints their hints: `probe WORKSPACE...`
//!
//! `PROBE_END` has it end, or go on, before there are hints: `exit` leaves by `process::exit`,
//! `wait` stays for whoever sends a signal, and `thread` ends the thread that probed.
//!
//! `PROBE_CALLS` has it probe for so many milliseconds, as calls do that need hints 40 ms later, and say
//! of each workspace how many calls there were, and how many of them got a branch and a verdict.

use std::{
    collections::HashSet,
    env, fs,
    path::PathBuf,
    process, thread,
    time::{Duration, Instant},
};

use taas_affinity_repo::{Hints, Workspace, complaints};

/// A figure of this process's memory in KiB, where the system tells.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default()
}

/// The descriptors that are open, without the one that lists them.
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, |all| all.count().saturating_sub(1))
}

/// The child processes of all threads, with those that ended and were not waited for. Threads are read
/// one after the other, so a child counts where it is there after all were read, too.
fn children() -> usize {
    let list = || -> HashSet<String> {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        lists
            .flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    };
    list().intersection(&list()).count()
}

fn end(how: &str, workspaces: Vec<Workspace>) {
    let probe = move || workspaces.iter().for_each(|one| _ = one.probe());
    if how == "thread" {
        thread::spawn(probe).join().expect("the probe starts");
    } else {
        probe();
    }
    if how == "exit" {
        thread::sleep(Duration::from_millis(300));
        process::exit(0);
    }
    thread::sleep(Duration::from_secs(20));
}

fn call(workspaces: &[Workspace], during: Duration) {
    let (mut counts, started) = (vec![[0; 3]; workspaces.len()], Instant::now());
    while started.elapsed() < during {
        for workspace in workspaces {
            workspace.probe();
        }
        thread::sleep(Duration::from_millis(40));
        for (workspace, count) in workspaces.iter().zip(&mut counts) {
            let hints = workspace.hints().unwrap_or_default();
            count[0] += 1;
            count[1] += u32::from(hints.branch.is_some());
            count[2] += u32::from(hints.dirty.is_some());
        }
    }
    for [calls, branches, verdicts] in counts {
        println!("calls={calls} branches={branches} verdicts={verdicts}");
    }
    say_complaints();
}

fn say_complaints() {
    for complaint in complaints() {
        println!("complaint={}: {}", complaint.consequence, complaint.reason);
    }
}

fn main() {
    let workspaces: Vec<_> =
        env::args_os().skip(1).map(|path| Workspace::new(PathBuf::from(path))).collect();
    if let Ok(how) = env::var("PROBE_END") {
        return end(&how, workspaces);
    }
    if let Some(during) = env::var("PROBE_CALLS").ok().and_then(|text| text.parse().ok()) {
        return call(&workspaces, Duration::from_millis(during));
    }
    let (before, opened, started) = (memory("VmRSS"), descriptors(), Instant::now());
    let (mut most_opened, mut most_children, mut called) = (0, 0, Duration::ZERO);
    let mut answers: Vec<Option<(Hints, Duration)>> = vec![None; workspaces.len()];
    while answers.contains(&None) && started.elapsed() < Duration::from_secs(100) {
        for (workspace, answer) in workspaces.iter().zip(&mut answers) {
            if answer.is_none() {
                let asked = Instant::now();
                // Each round probes again, until no probe is under way.
                let is_awaited = workspace.probe();
                called = called.max(asked.elapsed());
                let is_whole = |hints: &Hints| !is_awaited || hints.dirty.is_some();
                let known = workspace.hints().filter(|hints| is_whole(hints));
                *answer = known.map(|hints| ((*hints).clone(), started.elapsed()));
            }
        }
        most_opened = most_opened.max(descriptors());
        most_children = most_children.max(children());
        thread::sleep(Duration::from_micros(200));
    }
    for answer in answers {
        let (hints, took) = answer.unwrap_or_default();
        println!("name={:?}", hints.repo_name);
        println!("branch={:?}", hints.branch);
        println!("dirty={:?}", hints.dirty);
        println!("took={took:?}");
    }
    println!("look={called:?}");
    println!("milliseconds={}", started.elapsed().as_millis());
    println!("grown={}", memory("VmHWM").saturating_sub(before));
    println!("descriptors={}", most_opened.saturating_sub(opened));
    println!("children={most_children}");
    println!("left={}", children());
    println!("open={}", descriptors().saturating_sub(opened));
    say_complaints();
}
