//! What the manifest says of the config server. The generator checks all else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::{Code, Failure};
use crate::files::read_file;
use crate::names::is_name;
use crate::text::printable;

const FILE: &str = "components.toml";

/// The manifest of an application, or nothing.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) url: Option<String>,
    pub(crate) key_prefix: Option<String>,
    /// The keys by component, if they are given.
    pub(crate) keys: BTreeMap<String, Option<String>>,
}

#[derive(Deserialize)]
struct Written {
    #[serde(default, rename = "config-server")]
    config_server: ConfigServer,
    #[serde(default)]
    components: BTreeMap<String, Component>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ConfigServer {
    url: Option<String>,
    key_prefix: Option<String>,
}

#[derive(Deserialize)]
struct Component {
    key: Option<String>,
}

impl Manifest {
    /// Reads the manifest at `path`, or the nearest one from this folder upwards.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be read.
    pub(crate) fn find(path: Option<&Path>) -> Result<Self, Failure> {
        let path = match path {
            Some(path) => path.to_owned(),
            None => match nearest() {
                Some(path) => path,
                None => return Ok(Self::default()),
            },
        };
        let written: Written = toml::from_str(&read_file(&path)?).map_err(|error| {
            let path = printable(&path.to_string_lossy());
            let reason = error.message();
            Failure::new(Code::Unreadable, format!("{path} is no manifest: {reason}"))
        })?;
        let wrong = written.components.keys().find(|name| !is_name(name));
        if let Some(wrong) = wrong {
            let (path, wrong) = (printable(&path.to_string_lossy()), printable(wrong));
            let text = format!(
                "{path}: `{wrong}` is no name of a component; letters, digits and `_` make one"
            );
            return Err(Failure::new(Code::Unreadable, text));
        }
        let components = written.components.into_iter();
        Ok(Self {
            url: written.config_server.url,
            key_prefix: written.config_server.key_prefix,
            keys: components
                .map(|(name, component)| (name, component.key))
                .collect(),
        })
    }
}

fn nearest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let mut manifests = here.ancestors().map(|folder| folder.join(FILE));
    manifests.find(|path| path.is_file())
}
