//! Hints against git's own answers, on repositories of every layout and state that we could think
//! of. A case is a shell text in `corpus/`; its first lines say what is expected: `# verdict`,
//! `# doubt` or `# nothing`, where it looks (`# workspace: repo/b`), and `# no branch` where ours
//! tells none though git does.
#![cfg(unix)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use support::{Place, Said};

fn cases() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut cases: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// What is wrong with our answer for a case, `None` where nothing is.
fn wrong(case: &Path) -> Option<String> {
    let text = fs::read_to_string(case).unwrap();
    let head: Vec<_> = text.lines().take_while(|line| line.starts_with('#')).collect();
    let place = Place::new();
    if let Err(error) = place.build(&text) {
        // This git may not know what the case is about.
        return (!text.contains("reftable")).then(|| format!("cannot be built: {error}"));
    }
    let workspace = head.iter().find_map(|line| line.strip_prefix("# workspace: "));
    let workspace = place.path().join(workspace.unwrap_or("repo"));
    let said = place.probe(&workspace);
    let may_be_unknown = text.contains("reftable") && std::env::var_os("GIT_UNDER_TEST").is_some();
    if may_be_unknown && said == Said::default() {
        // An old git sees no repository there.
        return None;
    }
    let truth = place.truth(&workspace);
    let leads_elsewhere = head.contains(&"# no branch");
    let name_is_right = said.name.is_none() || truth.name.is_none() || said.name == truth.name;
    let branch_is_right = said.branch == truth.branch
        || said.branch.is_none() && (truth.dirty.is_none() || leads_elsewhere);
    let verdict_is_right = match head[0] {
        "# verdict" => said.dirty.is_some() && said.dirty == truth.dirty && said.name.is_some(),
        "# doubt" => said.dirty.is_none(),
        "# nothing" => said == Said::default(),
        other => panic!("{}: {other}", case.display()),
    };
    let is_right = (name_is_right || leads_elsewhere) && branch_is_right && verdict_is_right;
    (!is_right).then(|| format!("{}: {said:?}, git says {truth:?}", head[0]))
}

#[test]
fn hints_are_what_git_says() {
    let cases = cases();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut problems = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let name = case.file_stem().unwrap().to_string_lossy().into_owned();
            problems.extend(wrong(case).map(|text| format!("{name}: {text}")));
        }
        problems
    };
    let problems: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
