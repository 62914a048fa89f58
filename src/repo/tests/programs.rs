//! Which git is run, what it is told of the user's environment, and what is said where there is none.
#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use support::{PROBE, Place, Said};

/// Makes a `git` that notes that it ran, and does as git does.
fn plant(place: &Place, path: &str) -> PathBuf {
    let script = format!("echo \"$PATH\" >>'{}'; exec /usr/bin/git \"$@\"", ran(place).display());
    write(place, path, &script)
}

fn write(place: &Place, path: &str, script: &str) -> PathBuf {
    let path = place.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    set_mode(&path, 0o755);
    path
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn ran(place: &Place) -> PathBuf {
    place.path().join("ran")
}

/// A place with a repository, and another workspace beside it.
fn place() -> Place {
    let place = Place::new();
    place.build("basic; mkdir -p ../other/sub; git -C ../other init -q").unwrap();
    place
}

/// Probes `repo` after a workspace beside it, with `path` before the rest of `PATH`.
fn probe(place: &Place, path: &str, set: impl Fn(&mut Command)) -> Said {
    let dirs = path.split(' ').map(|dir| place.path().join(dir).display().to_string());
    let path = dirs.chain([std::env::var("PATH").unwrap()]).collect::<Vec<_>>().join(":");
    let mut command = place.command(&*PROBE);
    command.args([place.path().join("repo"), place.path().join("other/sub")]).env("PATH", path);
    set(&mut command);
    Said::read(&command.output().unwrap())
}

fn is_complete(said: &Said) -> bool {
    said.branch.as_deref() == Some("main") && said.dirty == Some(false)
}

/// Whether files may be given to other users here.
fn is_root() -> bool {
    let probe = tempfile::tempdir().unwrap();
    chown(probe.path(), Some(12345), None).is_ok()
}

#[test]
fn a_git_that_agents_or_other_users_can_write_to_is_never_run() {
    type Case = (&'static str, &'static str, fn(&Place));
    let mut cases: Vec<Case> = vec![
        ("another workspace", "other/sub/node_modules/.bin", |place| {
            plant(place, "other/sub/node_modules/.bin/git");
        }),
        ("the work tree around a workspace", "other/bin", |place| {
            plant(place, "other/bin/git");
        }),
        ("a link to another workspace", "bin", |place| {
            let target = plant(place, "other/sub/tools/git");
            fs::create_dir(place.path().join("bin")).unwrap();
            std::os::unix::fs::symlink(target, place.path().join("bin/git")).unwrap();
        }),
        ("a directory that is a link to another workspace", "bin", |place| {
            let target = plant(place, "other/sub/tools/git");
            let link = place.path().join("bin");
            std::os::unix::fs::symlink(target.parent().unwrap(), link).unwrap();
        }),
        ("a link through another workspace", "bin", |place| {
            let target = plant(place, "safe/git");
            let through = place.path().join("other/sub/through");
            std::os::unix::fs::symlink(target.parent().unwrap(), &through).unwrap();
            fs::create_dir(place.path().join("bin")).unwrap();
            std::os::unix::fs::symlink(through.join("git"), place.path().join("bin/git")).unwrap();
        }),
        ("the state directory", "state/bin", |place| {
            plant(place, "state/bin/git");
        }),
        ("the usual state directory", "home/.openclaw/bin", |place| {
            plant(place, "home/.openclaw/bin/git");
        }),
        ("a state directory in the home directory", "home/own/bin", |place| {
            plant(place, "home/own/bin/git");
        }),
        ("the temporary directory", "temporary/bin", |place| {
            plant(place, "temporary/bin/git");
        }),
        ("a file that all can write to", "bin", |place| {
            set_mode(&plant(place, "bin/git"), 0o777);
        }),
        ("a directory that all can write to", "bin", |place| {
            plant(place, "bin/git");
            set_mode(&place.path().join("bin"), 0o777);
        }),
        ("a sticky directory that all can write to", "bin", |place| {
            plant(place, "bin/git");
            set_mode(&place.path().join("bin"), 0o1777);
        }),
        ("a directory further up that all can write to", "a/b/bin", |place| {
            plant(place, "a/b/bin/git");
            set_mode(&place.path().join("a"), 0o777);
        }),
    ];
    if is_root() {
        cases.push(("another user's file", "bin", |place| {
            chown(plant(place, "bin/git"), Some(12345), None).unwrap();
        }));
        cases.push(("a directory of another user", "bin", |place| {
            plant(place, "bin/git");
            chown(place.path().join("bin"), Some(12345), None).unwrap();
        }));
        cases.push(("a directory that a group of users can write to", "bin", |place| {
            plant(place, "bin/git");
            chown(place.path().join("bin"), None, Some(12345)).unwrap();
            set_mode(&place.path().join("bin"), 0o775);
        }));
    }
    for (name, dirs, make) in cases {
        let place = place();
        make(&place);
        let said = probe(&place, dirs, |command| {
            let state = place.path().join("state");
            let is_in_home = dirs.starts_with("home/own");
            command.env("OPENCLAW_STATE_DIR", if is_in_home { "~/own".into() } else { state });
        });
        assert!(!ran(&place).exists(), "{name}: it ran");
        assert!(is_complete(&said), "{name}: the next git on PATH answers: {said:?}");
    }
}

#[test]
fn a_git_of_the_user_or_of_the_system_is_run_and_gets_no_path_that_agents_can_write_to() {
    let place = place();
    plant(&place, "home/bin/git");
    // As umask 002 makes it, for a group that has nobody else in it.
    set_mode(&place.path().join("home/bin"), 0o775);
    std::os::unix::fs::symlink("../home/bin/git", place.path().join("link")).unwrap();
    fs::create_dir(place.path().join("bin")).unwrap();
    fs::rename(place.path().join("link"), place.path().join("bin/git")).unwrap();
    if is_root() {
        // Debian has /usr/local like this.
        chown(place.path().join("bin"), Some(0), Some(50)).unwrap();
        set_mode(&place.path().join("bin"), 0o2775);
    }
    fs::create_dir_all(place.path().join("other/sub/node_modules/.bin")).unwrap();
    let said = probe(&place, "other/sub/node_modules/.bin bin temporary", |_| {});
    assert!(is_complete(&said), "{said:?}");
    let paths = fs::read_to_string(ran(&place)).unwrap();
    let bin = place.path().join("bin").display().to_string();
    for path in paths.lines() {
        assert!(path.starts_with(&bin) && path.contains(":/usr/bin"), "{path}");
        assert!(!path.contains("node_modules") && !path.contains("temporary"), "{path}");
    }
}

#[test]
fn where_no_git_can_be_trusted_the_log_says_which_and_why() {
    let place = place();
    plant(&place, "other/sub/bin/git");
    let path = place.path().join("other/sub/bin");
    let said = probe(&place, "other", |command| {
        command.env("PATH", &path);
    });
    let complaint = said.complaint.unwrap();
    assert!(complaint.contains(&path.join("git").display().to_string()), "{complaint}");
    assert!(complaint.contains("agents can write"), "{complaint}");
    assert!(!ran(&place).exists());
}

#[test]
fn a_git_that_cannot_be_executed_is_passed_over_as_a_shell_does() {
    let place = place();
    set_mode(&write(&place, "a/git", "exit 1"), 0o644);
    fs::create_dir_all(place.path().join("b/git")).unwrap();
    write(&place, "c/git", "exit 1");
    fs::write(place.path().join("c/git"), "#!/nowhere/at/all\n").unwrap();
    fs::create_dir_all(place.path().join("d")).unwrap();
    std::os::unix::fs::symlink("nowhere", place.path().join("d/git")).unwrap();
    let said = probe(&place, "a b c d", |_| {});
    assert!(is_complete(&said) && said.complaint.is_none(), "{said:?}");
    let said = probe(&place, "a", |command| {
        command.env("PATH", place.path().join("c"));
    });
    let complaint = said.complaint.unwrap();
    assert!(complaint.contains("c/git cannot be started"), "{complaint}");
    assert_eq!((said.name.as_deref(), said.branch), (Some("repo"), None));
}

#[test]
fn what_a_git_leaves_behind_holds_nobody_up() {
    for (script, is_in_group) in [("sleep 31.61 &", true), ("setsid sleep 31.62 &", false)] {
        let place = place();
        write(&place, "bin/git", &format!("{script} exec /usr/bin/git \"$@\""));
        let path = format!("{}:/usr/bin:/bin", place.path().join("bin").display());
        let mut command = place.command(&*PROBE);
        let output = command.arg(place.path().join("repo")).env("PATH", path).output().unwrap();
        assert!(is_complete(&Said::read(&output)), "{:?}", Said::read(&output));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("\nopen=0\n"), "no descriptor is held: {text}");
        let seconds = script.split(' ').find(|word| word.starts_with("31")).unwrap();
        let left = support::alive(seconds);
        assert_eq!(left.is_empty(), is_in_group, "{script}");
        for process in left {
            Command::new("kill").arg(process.to_string()).status().unwrap();
        }
    }
}

#[test]
fn a_git_that_is_too_old_is_named_with_what_is_needed() {
    let older = "for word; do case $word in --show-scope) echo usage >&2; exit 129;; esac; done";
    let oldest = "for word; do case $word in
        --show-object-format) cd \"$3\"; for line in \"$3\" .git .git .git/index .git/objects \
            --show-object-format abc refs/heads/main; do echo $line; done; exit 0;; esac; done";
    for script in [older, oldest] {
        let place = place();
        write(&place, "bin/git", &format!("{script}\nexec /usr/bin/git \"$@\""));
        let said = probe(&place, "bin", |_| {});
        assert_eq!(said.dirty, None, "{script}");
        let complaint = said.complaint.unwrap();
        assert!(complaint.contains("bin/git is too old; install git 2.26"), "{complaint}");
    }
}

#[test]
fn a_repository_whose_owner_git_does_not_trust_is_named_with_the_remedy() {
    let place = place();
    write(&place, "bin/git", "GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec /usr/bin/git \"$@\"");
    let path = format!("{}:/usr/bin:/bin", place.path().join("bin").display());
    let mut command = place.command(&*PROBE);
    let output = command.arg(place.path().join("repo")).env("PATH", path).output().unwrap();
    let said = Said::read(&output);
    assert_eq!((&said.name, &said.branch, said.dirty), (&None, &None, None));
    let complaint = said.complaint.unwrap();
    let repo = place.path().join("repo");
    let remedy = format!("git config --global --add safe.directory '{}'", repo.display());
    assert!(complaint.contains(&remedy), "{complaint}");
    assert!(complaint.contains(&format!("the workspace {} carry", repo.display())), "{complaint}");
}

#[test]
fn trust_that_the_environment_sets_counts_and_nothing_else_of_it_does() {
    let place = place();
    let seen = place.path().join("seen");
    let script = format!(
        "env | grep ^GIT_CONFIG_ >>'{}'
         GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec /usr/bin/git \"$@\"",
        seen.display()
    );
    write(&place, "bin/git", &script);
    for key in ["safe.directory", "Safe.Directory"] {
        let said = probe(&place, "bin", |command| {
            command.env("GIT_CONFIG_COUNT", "3");
            command.env("GIT_CONFIG_KEY_0", "core.fsmonitor").env("GIT_CONFIG_VALUE_0", "/trap");
            command.env("GIT_CONFIG_KEY_1", key);
            command.env("GIT_CONFIG_VALUE_1", place.path().join("repo"));
            command.env("GIT_CONFIG_KEY_2", "alias.status").env("GIT_CONFIG_VALUE_2", "!/trap");
        });
        assert!(is_complete(&said), "{said:?}");
    }
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains("GIT_CONFIG_VALUE_0=") && !seen.contains("trap"), "{seen}");
    // What is no number, or says more than there is, harms nobody.
    for count in ["x", "-1", "99999999999999999999", "5"] {
        let place = self::place();
        let said = probe(&place, "none", |command| {
            command.env("GIT_CONFIG_COUNT", count);
        });
        assert!(is_complete(&said), "{count}: {said:?}");
    }
}

#[test]
fn a_system_that_forbids_limits_still_gets_all_hints() {
    for error in ["EPERM", "ENOSYS"] {
        let place = place();
        let mut strace = place.command("strace");
        let inject = format!("inject=prlimit64:error={error}");
        strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &inject]);
        let output = strace.arg(&*PROBE).arg(place.path().join("repo")).output();
        let Ok(output) = output else {
            assert!(std::env::var_os("CI").is_none(), "strace is missing");
            return;
        };
        let said = Said::read(&output);
        assert!(is_complete(&said) && said.complaint.is_none(), "{error}: {said:?}");
    }
}
