//! HEAD, and the commit that it stands for.
//!
//! Trusts nothing in the repository: a reference's name is checked by git's rules before it becomes a path, each
//! step of that path is taken by handle without following a symbolic link, and what is not exactly what git
//! writes is a doubt. The reference's value is read for the verdict alone; no other name leaves this module.

use gix_hash::{Kind as HashKind, ObjectId};
use gix_validate::reference;

use super::doubt::{Doubt, Known};
use super::file::{Dir, Kind, Meta, Step};

const MAX_HEAD: usize = 1 << 10;
const MAX_PACKED: usize = 16 << 20;
const MAX_CHAIN: usize = 5;
const MAX_REPLACE_NAMES: usize = 1;

/// What HEAD says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The short name of the branch, where HEAD stands on one.
    pub branch: Option<Vec<u8>>,
    /// The commit, `None` where the branch has none yet.
    pub commit: Known<Option<ObjectId>>,
}

/// The value of a loose reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Symbolic(Vec<u8>),
    Object(ObjectId),
}

/// Reads one loose reference's bytes.
pub fn parse(bytes: &[u8], hash: HashKind) -> Known<Value> {
    let end = bytes.iter().rposition(|byte| !byte.is_ascii_whitespace());
    let bytes = &bytes[..end.map_or(0, |at| at + 1)];
    if let Some(name) = bytes.strip_prefix(b"ref:") {
        return symbolic(name.trim_ascii_start());
    }
    let length = hash.len_in_hex();
    match bytes.get(length) {
        None => {}
        Some(byte) if byte.is_ascii_whitespace() => {}
        Some(_) => return Err(Doubt::Reference),
    }
    let hex = bytes.get(..length).ok_or(Doubt::Reference)?;
    ObjectId::from_hex(hex)
        .map(Value::Object)
        .map_err(|_| Doubt::Reference)
}

fn symbolic(name: &[u8]) -> Known<Value> {
    if name.starts_with(b"refs/") && reference::name(name.into()).is_ok() {
        Ok(Value::Symbolic(name.to_vec()))
    } else {
        Err(Doubt::Reference)
    }
}

/// What was found in `packed-refs`, remembered by its stat.
#[derive(Debug, Default)]
pub struct PackedRefs {
    kept: Option<(Meta, Found)>,
}

#[derive(Debug, Clone)]
struct Found {
    replaced: bool,
    name: Vec<u8>,
    hash: HashKind,
    object: Option<ObjectId>,
}

impl PackedRefs {
    fn lookup(
        &mut self,
        common: &Dir,
        name: &[u8],
        hash: HashKind,
    ) -> Known<(bool, Option<ObjectId>)> {
        let Some(meta) = common.stat("packed-refs")? else {
            self.kept = None;
            return Ok((false, None));
        };
        if let Some((kept, found)) = &self.kept
            && *kept == meta
            && found.name == name
            && found.hash == hash
        {
            return Ok((found.replaced, found.object));
        }
        self.kept = None;
        let Some(content) = common.read("packed-refs", MAX_PACKED)? else {
            return Ok((false, None));
        };
        let (replaced, object) = search_packed(&content.bytes, name, hash)?;
        if content.settled {
            let name = name.to_vec();
            self.kept = Some((
                content.meta,
                Found {
                    replaced,
                    name,
                    hash,
                    object,
                },
            ));
        }
        Ok((replaced, object))
    }
}

/// Whether `packed-refs` holds a replacement, and what it says of `wanted`.
pub fn search_packed(
    bytes: &[u8],
    wanted: &[u8],
    hash: HashKind,
) -> Known<(bool, Option<ObjectId>)> {
    let mut replaced = false;
    let mut object = None;
    let length = hash.len_in_hex();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or(Doubt::Malformed)?;
        let line = &rest[..end];
        rest = &rest[end + 1..];
        match line.first() {
            Some(b'#') => continue,
            Some(b'^') if line.len() == length + 1 => continue,
            _ => {}
        }
        if line.len() <= length + 1 || line[length] != b' ' {
            return Err(Doubt::Malformed);
        }
        let name = &line[length + 1..];
        replaced |= name.starts_with(b"refs/replace/");
        if name == wanted {
            if object.is_some() {
                return Err(Doubt::Reference);
            }
            object = Some(ObjectId::from_hex(&line[..length]).map_err(|_| Doubt::Malformed)?);
        }
    }
    Ok((replaced, object))
}

/// Reads HEAD in `git` and follows it through the references in `common`.
pub fn head(git: &Dir, common: &Dir, hash: HashKind, packed: &mut PackedRefs) -> Known<Head> {
    // Git takes a directory for a repository only with these two beside HEAD.
    for name in ["objects", "refs"] {
        match common.stat(name)? {
            Some(meta) if meta.kind == Kind::Dir => {}
            _ => return Err(Doubt::NotARepository),
        }
    }
    let mut value = match git.stat("HEAD")?.ok_or(Doubt::NotARepository)?.kind {
        // How git once wrote it.
        Kind::Link => symbolic(&git.link("HEAD")?)?,
        _ => parse(
            &git.read("HEAD", MAX_HEAD)?.ok_or(Doubt::Changing)?.bytes,
            hash,
        )?,
    };
    let mut name = Vec::new();
    for _ in 0..MAX_CHAIN {
        match value {
            Value::Object(object) => {
                // A name of which only the last step is known to exist is looked up for replacements alone.
                let replaced = replaced(common, packed, &name, hash);
                return Ok(Head {
                    branch: short(&name),
                    commit: replaced.and_then(|replaced| {
                        if replaced {
                            Err(Doubt::Replaced)
                        } else {
                            Ok(Some(object))
                        }
                    }),
                });
            }
            Value::Symbolic(next) => name = next,
        }
        let commit = match loose(common, &name, hash) {
            Ok(Some(next)) => {
                value = next;
                continue;
            }
            Ok(None) => packed.lookup(common, &name, hash).map(|(_, object)| object),
            Err(doubt) => Err(doubt),
        };
        let replaced = replaced(common, packed, &name, hash);
        return Ok(Head {
            // Where the last step could not be read, a further step might lead to another branch.
            branch: if commit.is_ok() { short(&name) } else { None },
            commit: match replaced {
                Ok(true) => Err(Doubt::Replaced),
                Ok(false) => commit,
                Err(doubt) => Err(doubt),
            },
        });
    }
    Err(Doubt::Reference)
}

fn short(name: &[u8]) -> Option<Vec<u8>> {
    let short = name.strip_prefix(b"refs/heads/")?;
    Some(short.to_vec())
}

fn loose(common: &Dir, name: &[u8], hash: HashKind) -> Known<Option<Value>> {
    // These are kept per work tree, and HEAD has no business with them.
    if [&b"refs/bisect/"[..], b"refs/worktree/", b"refs/rewritten/"]
        .iter()
        .any(|own| name.starts_with(own))
    {
        return Err(Doubt::Reference);
    }
    let mut held: Option<Dir> = None;
    let mut parts = name.split(|byte| *byte == b'/').peekable();
    while let Some(part) = parts.next() {
        let here = held.as_ref().unwrap_or(common);
        if parts.peek().is_none() {
            return match here.stat(part)? {
                None => Ok(None),
                // Left over from a longer name.
                Some(meta) if meta.kind == Kind::Dir => Ok(None),
                Some(meta) if meta.kind == Kind::File => {
                    let content = here.read(part, MAX_HEAD)?.ok_or(Doubt::Changing)?;
                    parse(&content.bytes, hash).map(Some)
                }
                Some(_) => Err(Doubt::OddFile),
            };
        }
        held = Some(match here.step(part)? {
            Step::Into(dir) => dir,
            Step::Missing => return Ok(None),
            Step::NotADirectory => {
                // A shorter name's file stands in the way: then it can only be packed. A link is not followed.
                return match here.stat(part)? {
                    Some(meta) if meta.kind == Kind::File => Ok(None),
                    _ => Err(Doubt::OddFile),
                };
            }
        });
    }
    Err(Doubt::Reference)
}

/// Whether any object may be replaced by another: git would compare with that one.
fn replaced(common: &Dir, packed: &mut PackedRefs, name: &[u8], hash: HashKind) -> Known<bool> {
    if let Some(refs) = common.dir("refs")? {
        match refs.step("replace")? {
            Step::Missing => {}
            Step::Into(replace) => {
                if !replace
                    .names(MAX_REPLACE_NAMES)
                    .is_ok_and(|names| names.is_empty())
                {
                    return Ok(true);
                }
            }
            Step::NotADirectory => return Err(Doubt::OddFile),
        }
    }
    packed
        .lookup(common, name, hash)
        .map(|(replaced, _)| replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "1234567890123456789012345678901234567890";

    #[test]
    fn loose_values() {
        let id = ObjectId::from_hex(HEX.as_bytes()).unwrap();
        let parse = |text: &str| parse(text.as_bytes(), HashKind::Sha1);
        assert_eq!(parse(&format!("{HEX}\n")), Ok(Value::Object(id)));
        assert_eq!(parse(&format!("{HEX} rest")), Ok(Value::Object(id)));
        assert_eq!(parse(&format!("{HEX}0")), Err(Doubt::Reference));
        assert_eq!(
            parse("ref:refs/heads/a/b \n"),
            Ok(Value::Symbolic(b"refs/heads/a/b".to_vec()))
        );
        assert_eq!(parse(""), Err(Doubt::Reference));
    }

    #[test]
    fn a_name_cannot_leave_the_references() {
        for name in [
            "refs/heads/../../../secret",
            "refs/heads/.hidden",
            "refs/heads/a..b",
            "refs/heads//a",
            "refs/heads/a.lock",
            "/etc/passwd",
            "refs/heads/",
            "refs/heads/a\0b",
            "HEAD",
        ] {
            let text = format!("ref: {name}\n");
            assert_eq!(
                parse(text.as_bytes(), HashKind::Sha1),
                Err(Doubt::Reference),
                "{name}"
            );
        }
    }

    #[test]
    fn packed_references() {
        let text =
            format!("# pack-refs with: peeled\n{HEX} refs/heads/a\n^{HEX}\n{HEX} refs/tags/b\n");
        let search =
            |name: &str| search_packed(text.as_bytes(), name.as_bytes(), HashKind::Sha1).unwrap();
        assert!(search("refs/heads/a").1.is_some());
        assert!(search("refs/heads/b").1.is_none());
        assert!(!search("refs/heads/a").0);
        let replaced = format!("{HEX} refs/replace/{HEX}\n");
        assert!(
            search_packed(replaced.as_bytes(), b"x", HashKind::Sha1)
                .unwrap()
                .0
        );
        assert_eq!(
            search_packed(b"half a line", b"x", HashKind::Sha1),
            Err(Doubt::Malformed)
        );
    }
}
