//! Reading what a config refers to.

use std::env;
use std::fs::{File, metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::sources::{Sources, Wanted};
use crate::config::contents::{Content, Contents};
use crate::config::needs::{ContentKind, Needed};
use crate::config::reference::Reference;
use crate::error::text::is_unprintable;
use crate::settings::policy::Policy;
use crate::transport::admission::forbidden;
use crate::transport::failure::{Cause, Failure};

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// What was read, and when it has to be read again, whatever files say.
pub(super) struct Read {
    pub(super) contents: Contents,
    pub(super) again_at: Option<Instant>,
}

/// Reads all that a config needs. This blocks.
///
/// # Errors
///
/// Returns an error that names the field and where its value stands, if that cannot be used.
pub(super) fn read(needs: &[Needed], sources: &Sources, wanted: Wanted) -> Result<Read, Failure> {
    let mut contents = Contents::default();
    let mut again_at = None;
    for needed in needs {
        let real = admit(sources.policy(), needed)?;
        if let Reference::Provider(name) = &needed.at {
            if contents.login(name).is_none() {
                let given = sources.get(name, wanted);
                let given = given.map_err(|wrong| unusable(needed, &wrong))?;
                again_at = again_at.into_iter().chain(given.renew_at).min();
                contents.insert_login(name.clone(), given.login);
            }
            let has_name = contents.username(&needed.at).is_some();
            if needed.kind == ContentKind::Name && !has_name {
                return Err(unusable(needed, "gives a login without a user name"));
            }
            continue;
        }
        if contents.get(&needed.at).is_none() {
            let bytes =
                bytes(&needed.at, real.as_deref()).map_err(|wrong| unusable(needed, &wrong))?;
            contents.insert(needed.at.clone(), Content::new(bytes));
        }
        // The same file may be read for fields that want different things of it.
        if let Some(content) = contents.get(&needed.at) {
            judge(needed, content).map_err(|wrong| unusable(needed, wrong))?;
        }
    }
    Ok(Read { contents, again_at })
}

/// Returns the path of a file without links if the policy demands a folder, so that the file that
/// was judged is read.
///
/// # Errors
///
/// Returns an error if the policy does not let it be a secret.
fn admit(policy: &Policy, needed: &Needed) -> Result<Option<PathBuf>, Failure> {
    if needed.kind == ContentKind::Pem || !policy.restricts_secrets() {
        return Ok(None);
    }
    let (field, at) = (&needed.field, &needed.at);
    match at {
        Reference::Env(name) if !policy.allows_variable(name) => Err(forbidden(format_args!(
            "`{field}` names {at}; add it with `Policy::allow_secret_variables`"
        ))),
        Reference::File(path) => {
            let real = path.canonicalize();
            let real = real.map_err(|error| unusable(needed, &cannot_be_read(&error)))?;
            let mut folders = policy.secret_folders().map(Path::canonicalize);
            if folders.any(|folder| folder.is_ok_and(|folder| real.starts_with(folder))) {
                return Ok(Some(real));
            }
            Err(forbidden(format_args!(
                "`{field}` names {at}; add its folder with `Policy::allow_secret_files_under`"
            )))
        }
        Reference::Env(_) | Reference::Provider(_) => Ok(None),
    }
}

fn cannot_be_read(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

/// Reads a value. `real` is the path of a file without links, if it has been judged.
fn bytes(at: &Reference, real: Option<&Path>) -> Result<Vec<u8>, String> {
    match at {
        Reference::Env(name) => match env::var_os(name) {
            Some(value) => Ok(value.into_encoded_bytes()),
            None => Err("is not set".into()),
        },
        Reference::File(path) => match bounded(real.unwrap_or(path)) {
            Ok(Some(content)) => Ok(content),
            Ok(None) => Err("is longer than 1 MiB".into()),
            Err(error) => Err(cannot_be_read(&error)),
        },
        Reference::Provider(_) => Err("gives no text".into()),
    }
}

/// Returns `None` for a file that is too long.
fn bounded(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // A pipe would be waited for.
    if !metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let mut content = Vec::new();
    File::open(path)?
        .take(LONGEST + 1)
        .read_to_end(&mut content)?;
    let fits = u64::try_from(content.len()).is_ok_and(|length| length <= LONGEST);
    Ok(fits.then_some(content))
}

/// Refuses what cannot be what the field wants.
fn judge(needed: &Needed, content: &Content) -> Result<(), &'static str> {
    if needed.kind == ContentKind::Pem {
        // TLS says more about it.
        return Ok(());
    }
    let text = content.text(&needed.at).ok_or("is not UTF-8")?;
    if text.is_empty() {
        // A file may be seen empty while it is written.
        return Err("is empty");
    }
    if needed.kind == ContentKind::Name && text.contains(is_unprintable) {
        return Err("has a character in it that is not shown, such as a line end");
    }
    Ok(())
}

fn unusable(needed: &Needed, what: &str) -> Failure {
    let (field, at) = (&needed.field, &needed.at);
    Failure::new(Cause::Local, format!("`{field}` names {at}, which {what}"))
}

#[cfg(test)]
mod tests {
    use super::{ContentKind, LONGEST, Needed, Reference, Sources, Wanted, read};
    use crate::settings::Settings;

    fn needed(at: Reference, kind: ContentKind) -> [Needed; 1] {
        let field = "password".to_owned();
        [Needed { field, at, kind }]
    }

    #[test]
    fn r8_what_cannot_be_used_is_named_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            Reference::File(path)
        };
        let none = Sources::new(&Settings::default());
        let long = vec![b'x'; usize::try_from(LONGEST).unwrap() + 1];
        let password = ContentKind::Password;
        for (at, kind, reason) in [
            (
                Reference::Env("NOT_SET_HERE".into()),
                password,
                "variable NOT_SET_HERE, which is not set",
            ),
            (
                Reference::File(folder.path().join("none")),
                password,
                "none, which cannot be read",
            ),
            (
                Reference::File(folder.path().to_owned()),
                password,
                "it is no file",
            ),
            (
                file("long", &long),
                password,
                "long, which is longer than 1 MiB",
            ),
            (
                file("binary", b"S3cret\xff"),
                password,
                "binary, which is not UTF-8",
            ),
            (file("empty", b"\n"), password, "empty, which is empty"),
            (
                file("name", b"S3cret\nx"),
                ContentKind::Name,
                "that is not shown",
            ),
        ] {
            let refused = read(&needed(at, kind), &none, Wanted::New);
            let refused = refused.err().unwrap().message;
            assert!(refused.starts_with("`password` names the "), "{refused}");
            assert!(refused.contains(reason), "{refused}");
            assert!(!refused.contains("S3cret"), "{refused}");
        }
        let exactly = file("exactly", &long[1..]);
        assert!(read(&needed(exactly, password), &none, Wanted::New).is_ok());
    }
}
