//! The environment variables, home directory, current directory and namespace that decide an identity.

use std::{borrow::Cow, io, path::Path};

use sugar_path::SugarPath;

use crate::text::non_blank;

/// The process environment and the user's home directory.
pub trait Surroundings {
    /// The environment variable `name`, if it is set.
    fn variable(&self, name: &str) -> Option<String>;
    /// The user's home directory, if the operating system knows one.
    fn home(&self) -> Option<&str>;
    /// The namespace that distinguishes this gateway from others with the same paths.
    fn namespace(&self) -> Option<&str> {
        None
    }
}

/// The environment variable `name` unchanged, unless it is blank.
pub fn variable(surroundings: &dyn Surroundings, name: &str) -> Option<String> {
    surroundings.variable(name).filter(|value| non_blank(value).is_some())
}

/// Expands `~` as OpenClaw does, if `~` is the first segment of `path`. The home directory is the first of
/// `OPENCLAW_HOME` (which may begin with `~`), `HOME`, `USERPROFILE`, and the operating system's. `~name` stays.
/// Returns `None` if the home directory is needed and unknown.
pub fn expand_home<'a>(path: &'a str, surroundings: &dyn Surroundings) -> Option<Cow<'a, str>> {
    let Some(rest) = below_home(path) else {
        return Some(Cow::Borrowed(path));
    };
    let own = surroundings.variable("OPENCLAW_HOME");
    let own = own.as_deref().and_then(directory).unwrap_or("~");
    let home = match below_home(own) {
        Some(below) => system_home(surroundings)? + below,
        None => own.to_owned(),
    };
    Some(Cow::Owned(home + rest))
}

/// The text after a `~` that is the first segment. OpenClaw accepts both separators on every platform.
fn below_home(path: &str) -> Option<&str> {
    path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']))
}

fn system_home(surroundings: &dyn Surroundings) -> Option<String> {
    let variables = ["HOME", "USERPROFILE"].map(|name| surroundings.variable(name));
    let mut all = variables.iter().flatten().map(String::as_str).chain(surroundings.home());
    all.find_map(directory).map(str::to_owned)
}

/// Trims `value`. Like OpenClaw, ignores the values that scripts write for a missing directory.
fn directory(value: &str) -> Option<&str> {
    Some(value.trim()).filter(|value| !matches!(*value, "" | "undefined" | "null"))
}

/// Returns the same as Node's `path.resolve`: an absolute path without `.`, `..`, and doubled or trailing separators.
/// Symbolic links are not followed.
///
/// # Errors
/// `path` is relative, and the current directory is gone or its path is not Unicode.
pub fn absolute(path: &str) -> io::Result<String> {
    let path = Path::new(path).try_absolutize()?.into_owned();
    // Clients see this message, so it must not contain the path.
    path.into_os_string()
        .into_string()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the path is not valid Unicode"))
}

/// Surroundings for tests.
#[cfg(test)]
pub(crate) mod fake {
    use super::Surroundings;

    /// Environment variables and a home directory.
    pub struct Env(pub &'static [(&'static str, &'static str)], pub Option<&'static str>);

    /// No variables, and a home directory.
    pub const NOTHING: Env = Env(&[], Some("/home/cloudsigma"));

    impl Surroundings for Env {
        fn variable(&self, name: &str) -> Option<String> {
            let mut all = self.0.iter();
            all.find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        }
        fn home(&self) -> Option<&str> {
            self.1
        }
    }

    /// An environment with a namespace.
    pub struct InNamespace(pub Env, pub &'static str);

    impl Surroundings for InNamespace {
        fn variable(&self, name: &str) -> Option<String> {
            self.0.variable(name)
        }
        fn home(&self) -> Option<&str> {
            self.0.home()
        }
        fn namespace(&self) -> Option<&str> {
            Some(self.1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fake::Env, *};

    fn expanded(path: &str, env: &Env) -> Option<String> {
        expand_home(path, env).map(Cow::into_owned)
    }

    #[test]
    fn a_tilde_is_expanded_only_as_the_first_segment() {
        let env = Env(&[], Some("/h"));
        for (path, expected) in [
            ("~", "/h"),
            ("~/x", "/h/x"),
            ("~\\x", "/h\\x"),
            ("~x", "~x"),
            ("~root/x", "~root/x"),
            ("/~", "/~"),
            (" ~/x", " ~/x"),
            ("", ""),
        ] {
            assert_eq!(expanded(path, &env).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn the_home_directory_is_found_in_the_same_order_as_in_openclaw() {
        const SYSTEM: (&str, &str) = ("HOME", "/by-variable");
        for (variables, expected) in [
            (&[("OPENCLAW_HOME", "/own"), SYSTEM] as &[_], "/own/x"),
            (&[("OPENCLAW_HOME", " /own "), SYSTEM], "/own/x"),
            (&[("OPENCLAW_HOME", "~/own"), SYSTEM], "/by-variable/own/x"),
            (&[("OPENCLAW_HOME", "~")], "/h/x"),
            (&[("OPENCLAW_HOME", "~else")], "~else/x"),
            (&[("OPENCLAW_HOME", "undefined")], "/h/x"),
            (&[("OPENCLAW_HOME", "null"), SYSTEM], "/by-variable/x"),
            (&[("OPENCLAW_HOME", " ")], "/h/x"),
            (&[("USERPROFILE", "/by-profile"), SYSTEM], "/by-variable/x"),
            (&[("USERPROFILE", "/by-profile")], "/by-profile/x"),
            (&[], "/h/x"),
        ] {
            let env = Env(variables, Some("/h"));
            assert_eq!(expanded("~/x", &env).as_deref(), Some(expected), "{variables:?}");
        }
    }

    #[test]
    fn an_unknown_home_directory_matters_only_for_a_tilde() {
        let homeless = Env(&[], None);
        assert_eq!(expanded("/x", &homeless).as_deref(), Some("/x"));
        assert_eq!(expanded("~/x", &homeless), None);
        assert_eq!(expanded("~", &Env(&[], Some(" "))), None);
        let circular = Env(&[("OPENCLAW_HOME", "~/own")], None);
        assert_eq!(expanded("~/x", &circular), None);
        let own = Env(&[("OPENCLAW_HOME", "/own")], None);
        assert_eq!(expanded("~/x", &own).as_deref(), Some("/own/x"));
    }
}
