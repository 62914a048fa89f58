//! Which places count as places where agents write, for programs and for the temporary directory.
#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use support::{PROBE, Place, Said};

/// Writes a `git` that runs `script`.
fn write_git(dir: &Path, script: &str) {
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("git"), format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(dir.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Writes a `git` that leaves a file behind when it runs.
fn plant(place: &Place, dir: &Path) {
    let ran = place.path().join("ran");
    write_git(dir, &format!("touch '{}'; exec /usr/bin/git \"$@\"", ran.display()));
}

/// A place with a repository `repo`, and the workspace of another agent, `other`.
fn place() -> Place {
    let place = Place::new();
    place.build("basic; mkdir -p ../other/tmp").unwrap();
    place
}

/// Probes `repo` beside `workspaces`, with `dirs` before the rest of `PATH`.
fn probe(place: &Place, dirs: &str, workspaces: &[&str], set: impl Fn(&mut Command)) -> Said {
    let dirs = dirs.split_whitespace().map(|dir| place.path().join(dir).display().to_string());
    let path = dirs.chain(["/usr/bin:/bin".to_owned()]).collect::<Vec<_>>().join(":");
    let mut command = place.command(&*PROBE);
    command.arg(place.path().join("repo")).env("PATH", path);
    command.args(workspaces.iter().map(|workspace| place.path().join(workspace)));
    set(&mut command);
    Said::read(&command.output().unwrap())
}

fn is_complete(said: &Said) -> bool {
    said.branch.as_deref() == Some("main") && said.dirty == Some(false)
}

#[test]
fn a_temporary_directory_in_which_agents_can_write_gets_no_isolated_git_directory() {
    let place = place();
    let workspace = place.path().join("home/.openclaw/workspace/tmp");
    fs::create_dir_all(&workspace).unwrap();
    fs::create_dir(place.path().join("repo/tmp")).unwrap();
    symlink(place.path().join("other"), place.path().join("link")).unwrap();
    place.build("git worktree add -q ../linked; mkdir ../linked/tmp").unwrap();
    for temporary in [
        "other/tmp",
        "link/tmp",
        "home/.openclaw/workspace/tmp",
        "repo/tmp",
        "linked/tmp",
        "relative",
    ] {
        let said = probe(&place, "", &["other"], |command| {
            let path = place.path().join(temporary);
            let path =
                if temporary == "relative" { Path::new("temporary") } else { path.as_path() };
            command.env("TMPDIR", path).current_dir(place.path());
        });
        assert_eq!((said.branch.as_deref(), said.dirty), (Some("main"), None), "{temporary}");
        let complaint = said.complaint.unwrap_or_default();
        assert!(complaint.contains("carry no git_dirty_hint: the temporary"), "{complaint}");
    }
}

#[test]
fn a_full_temporary_directory_is_named_in_the_log() {
    let place = place();
    let script = "mount -t tmpfs -o size=4k x \"$TMPDIR\" && echo full >\"$TMPDIR/full\" || exit 9
        exec \"$0\" \"$1\"";
    let mut command = place.command("unshare");
    command.args(["-rm", "/bin/sh", "-c", script]).arg(&*PROBE).arg(place.path().join("repo"));
    let output = command.output().unwrap();
    if output.status.success() {
        let said = Said::read(&output);
        assert_eq!((said.branch.as_deref(), said.dirty), (Some("main"), None));
        let complaint = said.complaint.unwrap_or_default();
        assert!(complaint.contains("No space left"), "{complaint}");
    }
}

#[test]
fn a_git_of_an_agent_that_has_not_called_yet_is_never_run() {
    let place = place();
    place.build("git worktree add -q ../linked").unwrap();
    for dir in ["unknown/node_modules/.bin", "linked/.bin"] {
        plant(&place, &place.path().join(dir));
        let said = probe(&place, dir, &[], |_| {});
        assert!(!place.path().join("ran").exists(), "{dir}: it ran");
        assert!(is_complete(&said), "{dir}: {said:?}");
    }
}

#[test]
fn a_git_in_a_workspace_that_is_named_through_a_link_is_never_run_even_before_that_is_probed() {
    for _ in 0..10 {
        let place = place();
        plant(&place, &place.path().join("other/bin"));
        symlink("other", place.path().join("link")).unwrap();
        let said = probe(&place, "other/bin", &["link"], |_| {});
        assert!(!place.path().join("ran").exists(), "it ran");
        assert!(is_complete(&said), "{said:?}");
    }
}

#[test]
fn a_git_in_a_workspace_that_is_mounted_elsewhere_too_is_never_run() {
    let place = place();
    plant(&place, &place.path().join("other/bin"));
    fs::create_dir(place.path().join("mounted")).unwrap();
    let script = "cd \"$2\" && mount --bind other mounted || exit 9
        PATH=\"$2/mounted/bin:$PATH\" exec \"$0\" \"$1\" \"$2/other\"";
    let mut command = place.command("unshare");
    command.args(["-rm", "/bin/sh", "-c", script]).arg(&*PROBE);
    let output = command.arg(place.path().join("repo")).arg(place.path()).output().unwrap();
    if output.status.success() {
        assert!(!place.path().join("ran").exists(), "it ran");
        assert!(is_complete(&Said::read(&output)), "{output:?}");
    }
}

#[test]
fn a_git_in_a_directory_whose_access_list_lets_others_write_is_never_run() {
    let place = place();
    plant(&place, &place.path().join("bin"));
    let dir = place.path().join("bin");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o775)).unwrap();
    // Version 2: owner rwx, user 12345 rwx, group r-x, mask rwx, others r-x.
    let entries = [(1, 7, u32::MAX), (2, 7, 12345), (4, 5, u32::MAX), (16, 7, u32::MAX)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries.into_iter().chain([(32, 5, u32::MAX)]) {
        list.extend([tag, 0, rights, 0].into_iter().chain(id.to_le_bytes()));
    }
    let name = "system.posix_acl_access";
    if rustix::fs::setxattr(&dir, name, &list, rustix::fs::XattrFlags::empty()).is_ok() {
        let said = probe(&place, "bin", &[], |_| {});
        assert!(!place.path().join("ran").exists(), "it ran");
        assert!(is_complete(&said), "{said:?}");
    }
}

#[test]
fn in_a_user_namespace_a_git_of_a_user_without_a_number_is_never_run() {
    let place = place();
    plant(&place, &place.path().join("bin"));
    let own = "chown -R 12345:12345 \"$2\" && chown -R 23456:23456 \"$2/bin\" || exit 9
        PATH=\"$2/bin:$PATH\" exec setpriv --reuid=12345 --regid=12345 --clear-groups \
            unshare -r \"$0\" \"$1\"";
    let mut command = place.command("/bin/sh");
    command.args(["-c", own]).arg(&*PROBE).arg(place.path().join("repo")).arg(place.path());
    let output = command.output().unwrap();
    if output.status.success() {
        assert!(!place.path().join("ran").exists(), "it ran");
        assert_eq!(Said::read(&output).name.as_deref(), Some("repo"), "{output:?}");
    }
}

#[test]
fn thousands_of_workspaces_take_no_hints_away() {
    let place = place();
    let mut command = place.command(&*PROBE);
    command.args((0..4200).map(|at| format!("/nowhere/{at}"))).arg(place.path().join("repo"));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("dirty=Some(false)"), "{}", &text[text.len() - 1000..]);
}

#[test]
fn a_git_that_starts_and_fails_is_passed_over_as_one_that_cannot_be_started() {
    for script in ["exit 126", "exit 127", "kill -SEGV $$", "exit 1"] {
        let place = place();
        write_git(&place.path().join("bad"), script);
        let said = probe(&place, "bad", &[], |_| {});
        assert!(is_complete(&said) && said.complaint.is_none(), "{script}: {said:?}");
        let said = probe(&place, "", &[], |command| {
            command.env("PATH", place.path().join("bad"));
        });
        let complaint = said.complaint.unwrap_or_default();
        assert!(complaint.contains("bad/git fails"), "{script}: {complaint}");
        assert_eq!((said.name.as_deref(), said.branch), (Some("repo"), None));
    }
}

#[test]
fn a_repository_that_git_cannot_read_keeps_its_name_and_the_log_says_why() {
    let place = place();
    place.build("echo '[core' >.git/config").unwrap();
    let said = probe(&place, "", &[], |_| {});
    assert_eq!((said.name.as_deref(), said.branch), (Some("repo"), None));
    let complaint = said.complaint.unwrap_or_default();
    assert!(complaint.contains("git cannot read the repository: fatal: bad config"), "{complaint}");
}

#[test]
fn the_remedy_for_a_repository_that_git_does_not_trust_names_its_real_path_for_a_shell() {
    let place = place();
    place.build("mv ../repo \"../it's\"; ln -s \"it's\" ../repo").unwrap();
    write_git(
        &place.path().join("bin"),
        "GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec /usr/bin/git \"$@\"",
    );
    let said = probe(&place, "bin", &[], |_| {});
    let complaint = said.complaint.unwrap_or_default();
    assert!(complaint.contains(r"safe.directory '"), "{complaint}");
    assert!(complaint.contains(r"/it'\''s'"), "{complaint}");
}

#[test]
fn faults_of_many_workspaces_leave_room_for_those_of_the_whole_gateway() {
    let place = place();
    place
        .build("for n in $(seq 70); do cp -a . ../bad$n; echo '[' >../bad$n/.git/config; done")
        .unwrap();
    let mut command = place.command(&*PROBE);
    command.args((1..=70).map(|n| place.path().join(format!("bad{n}"))));
    command.arg(place.path().join("repo")).env("TMPDIR", "/nowhere/at/all");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.matches("complaint=").count(), 65, "{text}");
    assert!(text.contains("/nowhere/at/all"), "{text}");
}
