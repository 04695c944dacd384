//! Reading what a config refers to.

use std::env;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::secret_file::{self, Found};
use super::sources::Sources;
use super::wanted::Wanted;
use crate::config::contents::{Content, Contents};
use crate::config::needs::{ContentKind, Needed};
use crate::config::reference::Reference;
use crate::error::text::is_unprintable;
use crate::settings::policy::Policy;
use crate::transport::admission::forbidden;
use crate::transport::failure::{Cause, Failure};
use crate::transport::file_gate::alone;

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
        admit(sources.policy(), needed)?;
        if let Reference::Provider(name) = &needed.at {
            if contents.login(name).is_none() {
                let known = sources.demand(name);
                known.map_err(|wrong| lacking(needed, &wrong))?;
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
            let bytes = bytes(sources.policy(), needed)?;
            contents.insert(needed.at.clone(), Content::new(bytes));
        }
        // The same file may be read for fields that want different things of it.
        if let Some(content) = contents.get(&needed.at) {
            judge(needed, content).map_err(|wrong| unusable(needed, wrong))?;
        }
    }
    Ok(Read { contents, again_at })
}

/// Refuses a variable that the policy does not let be a secret. Files are refused when they are
/// opened.
///
/// # Errors
///
/// Returns an error that says what to add to the policy.
fn admit(policy: &Policy, needed: &Needed) -> Result<(), Failure> {
    let (field, at) = (&needed.field, &needed.at);
    match at {
        Reference::Env(name)
            if needed.kind != ContentKind::Pem
                && policy.restricts_secrets()
                && !policy.allows_variable(name) =>
        {
            Err(forbidden(format_args!(
                "`{field}` names {at}; add it with `Policy::allow_secret_variables`"
            )))
        }
        _ => Ok(()),
    }
}

/// Reads a value.
fn bytes(policy: &Policy, needed: &Needed) -> Result<Vec<u8>, Failure> {
    match &needed.at {
        Reference::Env(name) => match env::var_os(name) {
            Some(value) => Ok(value.into_encoded_bytes()),
            None => Err(lacking(needed, "is not set")),
        },
        Reference::File(path) => file(policy, needed, path),
        Reference::Provider(_) => Err(unusable(needed, "gives no text")),
    }
}

/// Reads a file if the policy allows it.
fn file(policy: &Policy, needed: &Needed, path: &Path) -> Result<Vec<u8>, Failure> {
    let is_bound = needed.kind != ContentKind::Pem && policy.restricts_secrets();
    let read = alone(path, || {
        if !is_bound {
            return secret_file::read(path);
        }
        secret_file::read_if(path, |real| {
            let mut folders = policy.secret_folders().map(Path::canonicalize);
            folders.any(|folder| folder.is_ok_and(|folder| real.starts_with(folder)))
        })
    });
    match read {
        Ok(Found::Content(content)) => Ok(content),
        Ok(Found::TooLong) => Err(unusable(needed, "is longer than 1 MiB")),
        Ok(Found::Forbidden) => {
            let (field, at) = (&needed.field, &needed.at);
            Err(forbidden(format_args!(
                "`{field}` names {at}; add its folder with `Policy::allow_secret_files_under`"
            )))
        }
        Err(error) => Err(unusable(needed, &cannot_be_read(&error))),
    }
}

fn cannot_be_read(error: &io::Error) -> String {
    format!("cannot be read: {error}")
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

/// Returns the failure of what may be mended where it stands.
fn unusable(needed: &Needed, what: &str) -> Failure {
    let cause = match needed.at {
        // A process has one environment until it ends.
        Reference::Env(_) => Cause::Local,
        Reference::File(_) | Reference::Provider(_) => Cause::Unavailable,
    };
    failure(cause, needed, what)
}

/// Returns the failure of what this process does not have.
fn lacking(needed: &Needed, what: &str) -> Failure {
    failure(Cause::Local, needed, what)
}

fn failure(cause: Cause, needed: &Needed, what: &str) -> Failure {
    let (field, at) = (&needed.field, &needed.at);
    Failure::new(cause, format!("`{field}` names {at}, which {what}"))
}

#[cfg(test)]
mod tests {
    use super::super::secret_file::LONGEST;
    use super::{ContentKind, Needed, Reference, Sources, Wanted, read};
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
            Reference::File(path.into())
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
                Reference::File(folder.path().join("none").into()),
                password,
                "none, which cannot be read",
            ),
            (
                Reference::File(folder.path().into()),
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
