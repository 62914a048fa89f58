//! The isolated git directory: nobody else may enter it, and nothing of it is left behind for long.
#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use support::{PROBE, Place};

#[test]
fn the_directory_is_private_from_its_creation_whatever_the_umask_is() {
    for umask in ["0", "022", "077"] {
        let place = Place::new();
        place.build("basic; git update-index --split-index; old").unwrap();
        let log = place.path().join("trace");
        let script = format!(
            "umask {umask}; exec strace -f -qq -e trace=mkdir,mkdirat,chmod,fchmod,fchmodat -o \
             '{}' \"$0\" \"$1\"",
            log.display()
        );
        let mut shell = place.command("/bin/sh");
        shell.args(["-c", &script]).arg(&*PROBE).arg(place.path().join("repo"));
        let output = shell.output().unwrap();
        assert!(output.status.success(), "strace is missing? {output:?}");
        let trace = fs::read_to_string(&log).unwrap();
        let made: Vec<_> =
            trace.lines().filter(|line| line.contains("temporary/taas-git-")).collect();
        let (first, rest) = made.split_first().expect("a directory was made");
        assert!(first.contains("mkdir") && first.contains(", 0700)"), "umask {umask}: {first}");
        assert!(rest.iter().all(|line| !line.contains("chmod")), "umask {umask}: {rest:?}");
    }
}

#[test]
fn a_temporary_directory_in_which_others_could_replace_ours_is_not_used() {
    for (mode, is_used) in [(0o777, false), (0o1777, true), (0o700, true)] {
        let place = Place::new();
        place.build("basic").unwrap();
        let temporary = place.path().join("temporary");
        fs::set_permissions(&temporary, fs::Permissions::from_mode(mode)).unwrap();
        let said = place.probe(&place.path().join("repo"));
        assert_eq!(said.branch.as_deref(), Some("main"));
        assert_eq!(said.dirty.is_some(), is_used, "{mode:o}: {said:?}");
        let complaint = said.complaint.unwrap_or_default();
        assert_eq!(complaint.contains("other users can write to it"), !is_used, "{complaint}");
    }
}

fn make_old(path: &Path) {
    let touch = Command::new("touch").args(["-h", "-d", "2 hours ago"]).arg(path).status();
    assert!(touch.unwrap().success());
}

#[test]
fn old_directories_that_are_ours_are_deleted_at_the_start_and_nothing_else_is() {
    let place = Place::new();
    place.build("basic").unwrap();
    let temporary = place.path().join("temporary");
    let make = |name: &str| {
        let dir = temporary.join(name);
        fs::create_dir_all(dir.join("refs")).unwrap();
        fs::write(dir.join("sharedindex.1"), "names").unwrap();
        fs::create_dir_all(dir.join("info")).unwrap();
        fs::write(dir.join("info/attributes"), "").unwrap();
        let config = "# isolated git directory of openclaw-taas-affinity\n[core]\n";
        fs::write(dir.join("config"), config).unwrap();
        make_old(&dir);
    };
    let ours = ["taas-git-abc123", "taas-git-Zz9Yy8"];
    for name in ours {
        make(name);
    }
    let mut others = vec!["taas-git-young1", "taas-git-file12", "taas-git-link12", "taas-git-a.b"];
    others.extend(["taas-git-deep12", "taas-git-backup", "taas-git-", "taas-git-abc1234"]);
    others.extend(["taas-gitabc123", "other-taas-git-abc123", "kept"]);
    for name in others.iter().filter(|name| !name.contains("link")) {
        make(name);
    }
    fs::remove_dir_all(temporary.join("taas-git-file12")).unwrap();
    fs::write(temporary.join("taas-git-file12"), "a file").unwrap();
    make_old(&temporary.join("taas-git-file12"));
    symlink(temporary.join("kept"), temporary.join("taas-git-link12")).unwrap();
    make_old(&temporary.join("taas-git-link12"));
    fs::write(temporary.join("taas-git-young1/new"), "").unwrap();
    fs::create_dir_all(temporary.join("taas-git-deep12/refs/a/b/c")).unwrap();
    make_old(&temporary.join("taas-git-deep12"));
    fs::remove_file(temporary.join("taas-git-backup/config")).unwrap();
    make_old(&temporary.join("taas-git-backup"));
    make("taas-git-foreign");
    if chown(temporary.join("taas-git-foreign"), Some(12345), None).is_ok() {
        others.push("taas-git-foreign");
    }
    let mut command = place.command(&*PROBE);
    command.arg(place.path().join("repo")).env("PROBE_END", "wait").stdout(Stdio::null());
    let mut process = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let left = || ours.iter().filter(|name| temporary.join(name).exists()).count();
    while left() > 0 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(left(), 0);
    for name in others {
        assert!(temporary.join(name).symlink_metadata().is_ok(), "{name} is not ours to delete");
    }
    assert!(temporary.join("kept/sharedindex.1").exists());
}
