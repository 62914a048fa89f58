//! Repositories in which git itself would run what was planted, or tell another's names, each probed
//! under `strace`: no program but git is started, nothing is written but the isolated git directory, and no socket
//! is opened. Without `strace` the rest is still checked; in CI that is a failure.
#![cfg(target_os = "linux")]

mod support;

use std::{fs, process::Command};

use support::{PROBE, Place, Said};

/// Settings that name a program, each of which is `$trap`, and where a workspace can write them.
const SETTINGS: &str = "core.fsmonitor core.hooksPath core.sshCommand core.gitProxy core.editor \
    core.pager core.askPass core.alternateRefsCommand credential.helper diff.external \
    diff.x.command diff.x.textconv filter.x.clean filter.x.smudge filter.x.process merge.x.driver \
    gpg.program gpg.ssh.program gpg.ssh.defaultKeyCommand gpg.x509.program pager.status \
    pager.config pager.rev-parse pager.for-each-ref sequence.editor uploadpack.packObjectsHook \
    remote.o.uploadpack remote.o.receivepack remote.o.vcs interactive.diffFilter browser.x.cmd \
    man.x.cmd mergetool.x.cmd difftool.x.cmd trailer.x.command trailer.x.cmd init.templateDir \
    web.browser sendemail.sendmailCmd guitool.x.cmd tar.x.command receive.procReceiveRefs \
    imap.tunnel instaweb.httpd submodule.sub.update alias.status alias.config alias.rev-parse";

const SET: &str = "set_all() {
        for name in $settings; do git config \"$@\" $name \"$trap\"; done
        git config \"$@\" submodule.sub.update \"!$trap\"; git config \"$@\" alias.status \"!$trap\"
        git config \"$@\" extensions.partialClone o; git config \"$@\" remote.o.promisor true
        git config \"$@\" remote.o.url \"ext::$trap\"; git config \"$@\" protocol.allow always
    }
    planted() { echo '*.txt filter=x diff=x merge=x' >.gitattributes; touched a.txt b/c.txt; }\n";

const THREATS: &[(&str, &str)] = &[
    ("repository", "basic; planted; set_all"),
    ("repository, nothing touched", "basic; set_all"),
    (
        "work tree's own",
        "basic; planted; git config extensions.worktreeConfig true; set_all --worktree",
    ),
    ("include", "basic; planted; set_all -f .git/more; git config include.path more"),
    (
        "conditional include",
        "basic; planted; set_all -f more; git config includeIf.onbranch:main.path ../more",
    ),
    ("submodule", "submodule; cd sub; planted; set_all"),
    (
        "linked work tree",
        "beside main; leave; git -C main worktree add -q ../repo; cd repo; planted; set_all",
    ),
    (
        "objects missing",
        "basic; git read-tree HEAD; t=$(git rev-parse HEAD^{tree})
         rm -r .git/objects/$(echo $t | cut -c1-2); set_all",
    ),
    (
        "commit missing",
        "basic; rm -r .git/objects/??; git update-ref --no-deref refs/replace/x HEAD || :; set_all",
    ),
    (
        "macro in info",
        "basic; echo '[attr]m filter=x
*.txt m' >.git/info/attributes; touched a.txt; set_all",
    ),
    (
        "hooks",
        "basic; for h in post-index-change reference-transaction fsmonitor-watchman; do
         cp $trap .git/hooks/$h; done; touched a.txt",
    ),
    ("git in the work tree", "basic; cp $trap git; cp $trap b/git; cp $trap git-status"),
];

/// Repositories that lead to another, whose branch is `secret`.
const THEFTS: &[(&str, &str)] = &[
    ("file", "echo 'gitdir: ../victim/.git' >.git"),
    ("linked work tree's", "echo 'gitdir: ../victim/.git/worktrees/secret-tree' >.git"),
    ("submodule's", "echo 'gitdir: ../victim/.git/modules/sub' >.git"),
    ("hard link", "ln ../secret-tree/.git .git"),
    ("symbolic link", "ln -s ../victim/.git .git"),
    ("symbolic link to a file", "ln -s ../secret-tree/.git .git"),
    (
        "planted",
        "mkdir -p fake/worktrees/x; echo 'gitdir: fake/worktrees/x' >.git; cd fake/worktrees/x
         echo 'ref: refs/heads/secret' >HEAD; echo ../../../.git >gitdir
         echo ../../../../victim/.git >commondir",
    ),
    ("common directory", "basic; echo ../../victim/.git >.git/commondir"),
    (
        "branch is a link",
        "basic; rm .git/refs/heads/main; ln -s ../../../../victim/.git/HEAD .git/refs/heads/main",
    ),
    ("core.worktree", "basic; git config core.worktree ../../victim"),
];

const VICTIM: &str = "beside victim; (cd ../victim; beside inner; git checkout -q -b secret
    git worktree add -q -b secret-branch ../secret-tree; git submodule add -q ../inner sub
    git -C sub checkout -q -b secret-sub)\n";

const CALLS: &str = "trace=execve,execveat,fork,open,openat,openat2,creat,unlink,unlinkat,rename,\
    renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,mknod,mknodat,chmod,fchmod,\
    fchmodat,chown,fchown,fchownat,lchown,truncate,ftruncate,utime,utimes,utimensat,futimesat,\
    setxattr,fsetxattr,lsetxattr,socket,connect";

/// What is wrong with a trace, where only below `temporary` may be written.
fn judge(trace: &str, temporary: &str) -> Vec<String> {
    let wrong = |line: &&str| {
        // "PID call(arguments) = result"; a call that another thread cut in two goes on with "<...".
        let call = line.split_once(' ').map_or("", |(_, call)| call.trim_start());
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"];
        match call.split('(').next().unwrap_or_default() {
            "execve" => {
                let program = call.split('"').nth(1).unwrap_or_default();
                let own = std::env::var("GIT_UNDER_TEST").map(|dir| dir + "/git");
                !matches!(program, "/usr/local/bin/git" | "/usr/bin/git")
                    && own.as_deref() != Ok(program)
                    && !program.ends_with("/probe")
            }
            "open" | "openat" => {
                let elsewhere = !call.contains(temporary) && !call.contains("/dev/null");
                elsewhere && writes.iter().any(|flag| call.contains(flag))
            }
            name if name.is_empty() || name.starts_with(['<', '+', '-', '?']) => false,
            _ => !call.contains(temporary),
        }
    };
    trace.lines().filter(wrong).map(str::to_owned).collect()
}

fn probe_traced(place: &Place) -> (Said, Vec<String>) {
    let (log, workspace) = (place.path().join("trace"), place.path().join("repo"));
    if Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "strace is missing");
        return (place.probe(&workspace), Vec::new());
    }
    let mut strace = place.looking("strace");
    strace.args(["-f", "-y", "-qq", "-s", "300", "-e", "signal=none", "-e", CALLS, "-o"]);
    let output = strace.arg(&log).arg(&*PROBE).arg(&workspace).output().unwrap();
    let trace = fs::read_to_string(&log).unwrap();
    assert!(trace.contains("execve(\""), "{trace}");
    (Said::read(&output), judge(&trace, place.path().join("temporary").to_str().unwrap()))
}

#[test]
fn nothing_that_a_repository_plants_is_run() {
    let mut problems = Vec::new();
    for (name, text) in THREATS {
        let place = Place::new();
        let trap =
            "trap=$PWD/../trap.sh; printf '#!/bin/sh\\ntouch %s/../ran\\nexit 1\\n' \"$PWD\" >$trap
            chmod +x $trap\n";
        let text = format!("{trap}settings='{SETTINGS}'\n{SET}{text}");
        place.build(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        if *name == "repository" {
            // A trace without the trap means something, as plain git runs it.
            place.build("git status || :").unwrap();
            assert!(place.path().join("ran").exists(), "the trap is real");
        }
        let _ = fs::remove_file(place.path().join("ran"));
        let (said, wrong) = probe_traced(&place);
        problems.extend(wrong.into_iter().map(|line| format!("{name}: {line}")));
        if place.path().join("ran").exists() {
            problems.push(format!("{name}: ran what was planted, {said:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn no_repository_tells_the_names_of_another() {
    for (name, text) in THEFTS {
        let place = Place::new();
        place.build(&format!("{VICTIM}{text}")).unwrap_or_else(|error| panic!("{name}: {error}"));
        let said = place.probe(&place.path().join("repo"));
        let told = said.name.iter().chain(&said.branch).any(|told| told.contains("secret"));
        assert!(!told && said.dirty != Some(false), "{name}: {said:?}");
    }
}

#[test]
fn the_judge_sees_what_it_should() {
    let bad = [
        "2 execve(\"/bin/sh\", [], 0x1) = 0",
        "2 openat(3</p/repo/.git>, \"index.lock\", O_RDWR|O_CREAT|O_EXCL, 0666) = 4",
        "2 utimensat(3</p/repo>, \"a\", NULL, 0) = 0",
        "2 socket(AF_UNIX, SOCK_STREAM, 0) = 3",
    ];
    for line in bad {
        assert_eq!(judge(line, "/p/temporary").len(), 1, "{line}");
    }
    assert!(judge("2 openat(AT_FDCWD</>, \"/p/repo/a\", O_RDONLY) = 3", "/p/temporary").is_empty());
    assert!(judge("2 mkdir(\"/p/temporary/x\", 0700) = 0", "/p/temporary").is_empty());
}
