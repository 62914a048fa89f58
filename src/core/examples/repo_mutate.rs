//! Changes one file for ever, for the tests of what a probe makes of that: `repo_mutate FILE STATES MODES`.
//!
//! STATES is a directory of whole contents for FILE; MODES is any of the letters below. Ends when its standard
//! input does, so that it cannot outlive the test.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

static ENDED: AtomicBool = AtomicBool::new(false);

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let [_, file, states, modes] = &args[..] else {
        panic!("usage: repo_mutate FILE STATES MODES");
    };
    let file = Path::new(file);
    let mut contents = Vec::new();
    for state in fs::read_dir(states)? {
        contents.push(fs::read(state?.path())?);
    }
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
        ENDED.store(true, Ordering::Relaxed);
    });
    let modes = modes.as_bytes();
    let mut seed = 1_u64;
    let mut random = move || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap()
    };
    while !ENDED.load(Ordering::Relaxed) {
        let content = &contents[random() % contents.len()];
        match modes[random() % modes.len()] {
            // Replaced at once, as git does.
            b'r' => replace(file, content)?,
            // Written anew in place.
            b'w' => fs::write(file, content)?,
            // Written over in place, in pieces.
            b'o' => {
                let open = OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(file)?;
                for (at, piece) in content.chunks(content.len() / 3 + 1).enumerate() {
                    open.write_all_at(piece, (at * (content.len() / 3 + 1)) as u64)?;
                }
                open.set_len(content.len() as u64)?;
            }
            // Cut off, and whole again.
            b't' => {
                let open = OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(file)?;
                open.set_len((random() % (content.len() + 1)) as u64)?;
                drop(open);
                std::thread::sleep(std::time::Duration::from_micros(200));
                replace(file, content)?;
            }
            mode => panic!("no such mode: {mode}"),
        }
        // Some states last long enough to be remembered.
        let pause = if random() % 200 == 0 {
            130_000
        } else {
            random() % 400
        };
        std::thread::sleep(std::time::Duration::from_micros(pause as u64));
    }
    Ok(())
}

fn replace(file: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut next = PathBuf::from(file);
    next.set_extension("next");
    File::create(&next)?.write_all(content)?;
    fs::rename(next, file)
}
