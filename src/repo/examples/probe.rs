//! Looks at workspaces and says what became known: `probe WORKSPACE...`

use std::{
    env,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use taas_affinity_repo::{Workspace, complaint};

/// A figure of this process's memory in KiB, where the system tells.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or_default()
}

fn main() {
    let (before, before_all) = (memory("VmRSS"), Instant::now());
    for path in env::args_os().skip(1).map(PathBuf::from) {
        let workspace = Workspace::new(path);
        let started = Instant::now();
        workspace.look();
        let called = started.elapsed();
        let deadline = started + Duration::from_secs(9);
        let hints = loop {
            if let Some(hints) = workspace.known() {
                break Some(hints);
            }
            // Whoever comes again looks again.
            workspace.look();
            if Instant::now() > deadline {
                break None;
            }
            thread::sleep(Duration::from_micros(200));
        };
        let hints = hints.as_deref().cloned().unwrap_or_default();
        println!("name={:?}", hints.repo_name);
        println!("branch={:?}", hints.branch);
        println!("dirty={:?}", hints.dirty);
        println!("look={called:?} took={:?}", started.elapsed());
    }
    println!("milliseconds={}", before_all.elapsed().as_millis());
    println!("grown={}", memory("VmHWM").saturating_sub(before));
    if let Some(complaint) = complaint() {
        println!("complaint={complaint}");
    }
}
