//! Text that is shown to people, and absolute paths.

use std::ffi::OsString;
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use crate::error::text::is_unprintable;

/// What is wrong with text that people cannot read as it is.
pub(super) const UNPRINTABLE: &str =
    "has a character in it that is not shown, such as a line end; leave it out";

/// A path as a config writes it. Paths are equal if their texts are, as for the digest and in every
/// other language; for `Path`, `/a//b` is `/a/b`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct WrittenPath(OsString);

impl<T: AsRef<Path> + ?Sized> From<&T> for WrittenPath {
    fn from(path: &T) -> Self {
        Self(path.as_ref().into())
    }
}

impl From<PathBuf> for WrittenPath {
    fn from(path: PathBuf) -> Self {
        Self(path.into())
    }
}

impl From<WrittenPath> for PathBuf {
    fn from(WrittenPath(path): WrittenPath) -> Self {
        path.into()
    }
}

impl Deref for WrittenPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl fmt::Debug for WrittenPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Returns the path, or what is wrong with it.
pub(super) fn absolute(text: &str) -> Result<WrittenPath, &'static str> {
    if text.contains(is_unprintable) {
        return Err(UNPRINTABLE);
    }
    if !text.starts_with('/') {
        return Err("is no absolute path; begin it with `/`");
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use crate::config::ComponentConfig;

    #[test]
    fn r14_configs_with_other_paths_are_unequal_as_their_digests_are() {
        let tls = |path: &str| format!(r#"{{"host":"h","ssl":true,"ssl_ca_certs":"{path}"}}"#);
        let socket = |path: &str| format!(r#"{{"unix_socket_path":"{path}"}}"#);
        let secret = |path: &str| format!(r#"{{"host":"h","password":{{"file":"{path}"}}}}"#);
        let forms: [&dyn Fn(&str) -> String; 3] = [&tls, &socket, &secret];
        for form in forms {
            let read = |path| ComponentConfig::from_json(&form(path)).unwrap();
            let usual = read("/etc/redis/x");
            assert_eq!(usual, read("/etc/redis/x"));
            for other in ["/etc//redis/x", "/etc/./redis/x", "/etc/redis/x/"] {
                let other = read(other);
                assert_ne!(usual, other);
                assert_ne!(usual.digest("salt"), other.digest("salt"));
            }
        }
    }
}
