//! Probes one directory and prints its hints: `repo_probe DIRECTORY [ROUNDS]`.
//!
//! Goes the whole way of a request, thread included, so that what it does under `strace` is what the addon does.

use taas_affinity::repo;

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

fn main() {
    let mut args = std::env::args_os().skip(1);
    let Some(workspace) = args.next() else {
        eprintln!("usage: repo_probe DIRECTORY [ROUNDS]");
        std::process::exit(2);
    };
    let rounds = args
        .next()
        .and_then(|text| text.to_str()?.parse().ok())
        .unwrap_or(1);
    for _ in 0..rounds {
        let (send, answer) = channel();
        repo::request(Path::new(&workspace), move |hints| {
            let _ = send.send(hints);
        });
        match answer.recv_timeout(Duration::from_secs(20)) {
            Ok(Some(hints)) => println!(
                "name={:?} branch={:?} dirty={:?} doubt={:?} took={:?}",
                hints.repo_name,
                hints.branch,
                hints.dirty,
                hints.doubt,
                hints.finished - hints.started
            ),
            Ok(None) => println!("none"),
            Err(_) => {
                println!("no answer");
                std::process::exit(1);
            }
        }
    }
}
