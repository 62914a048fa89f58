//! Looks at workspaces and says what became known: `probe WORKSPACE...`

use std::{
    env,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use taas_affinity_repo::{Workspace, complaint};

fn main() {
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
    if let Some(complaint) = complaint() {
        println!("complaint={complaint}");
    }
}
