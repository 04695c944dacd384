//! A config by name: `logs`, `logs@3`, a file, or `-`.

use std::path::PathBuf;

use crate::context::read_text;
use crate::failure::{Code, Failure};
use crate::findings;
use crate::session::Session;

/// Where a config is.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Component(String),
    Entry(String, u64),
    File(PathBuf),
}

impl std::str::FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-" || text.contains(['.', '/']) {
            return Ok(Self::File(text.into()));
        }
        match text.split_once('@') {
            None => Ok(Self::Component(text.to_owned())),
            Some((component, n)) => {
                let n = n
                    .parse()
                    .map_err(|_| "write an entry as `logs@3`".to_owned())?;
                Ok(Self::Entry(component.to_owned(), n))
            }
        }
    }
}

impl Subject {
    pub(crate) fn needs_server(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// Returns the name to show.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Component(component) => component.clone(),
            Self::Entry(component, n) => format!("{component}@{n}"),
            Self::File(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// Returns the text of the config.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none.
    pub(crate) async fn text(&self, session: Option<&Session>) -> Result<String, Failure> {
        let bytes = match (self, session) {
            (Self::File(path), _) => return read_text(path).await,
            (Self::Component(component), Some(session)) => session.config_of(component).await?,
            (Self::Entry(component, n), Some(session)) => {
                session.entry(component, *n).await?.config
            }
            (_, None) => return Err(Failure::usage("a component needs a config server")),
        };
        utf8(bytes, &self.name())
    }
}

/// Returns the bytes as text.
///
/// # Errors
///
/// Returns an error if they are not UTF-8.
pub(crate) fn utf8(bytes: Vec<u8>, name: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(
            Code::ConfigInvalid,
            format!("the config of `{name}` is not UTF-8"),
        )
    })
}

/// Returns the failure for a text that is no config, with everything that is wrong.
pub(crate) fn invalid(name: &str, text: &str) -> Option<Failure> {
    let (source, findings) = findings::of(text);
    let first = findings.first()?;
    let more = match findings.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let message = format!("the config of {name} is not valid: {}{more}", first.message);
    let failure = Failure::new(Code::ConfigInvalid, message);
    Some(failure.explained(findings::explain(&source, name, &findings)))
}
