//! The isolated git directory: nobody else may enter it.
#![cfg(target_os = "linux")]

mod support;

use std::{fs, os::unix::fs::PermissionsExt};

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
