//! Stage 1: the manifest's text becomes components that know their places in the text.

pub(crate) mod cfg;
pub(crate) mod component;
pub(crate) mod config_server;
pub(crate) mod connections;
pub(crate) mod functions;
pub(crate) mod keys;
pub(crate) mod names;
#[cfg(test)]
pub(crate) mod schema;
mod servers;
pub(crate) mod source_path;
pub(crate) mod table;
pub(crate) mod wait;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use self::component::Component;
use self::config_server::ConfigServer;
use self::table::Table;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::{TextFile, quoted};
use crate::diagnostics::secrets::manifest_without_secrets;
use crate::files::Files;

/// A possible reason for a missing file.
pub(crate) const LEFT_OUT: &str =
    "`include` or `exclude` in `Cargo.toml` may have left it out of the published package";

/// A checked `components.toml`.
pub(crate) struct Manifest {
    pub(crate) config_server: ConfigServer,
    /// The components, sorted by name.
    pub(crate) components: Vec<Component>,
}

/// Reads and checks the manifest. Returns `None` if nothing of it is usable.
pub(crate) fn read(
    path: &Path,
    files: &dyn Files,
    has_file_list: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Manifest> {
    let name = path.display().to_string().replace('\\', "/");
    let text = match files.read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            let message = format!("{} is not UTF-8", quoted(&name));
            diagnostics.error(Diagnostic::without_place(message).help("save the file as UTF-8"));
            return None;
        }
        Err(error) => {
            let message = format!("cannot read {}: {error}", quoted(&name));
            let help = "list the components in this file, or name another one in the build script";
            let mut error = Diagnostic::without_place(message).help(help);
            if has_file_list {
                error = error.note(LEFT_OUT);
            }
            diagnostics.error(error);
            return None;
        }
    };
    parse(&name, &text, diagnostics)
}

fn parse(name: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<Manifest> {
    let (document, errors) = DeTable::parse_recoverable(text);
    // Every later diagnostic shows lines of this file, and people keep and share build logs.
    let file = TextFile::new(name, manifest_without_secrets(text));
    // Most later syntax errors follow from the first.
    if let Some(error) = errors.first() {
        syntax_error(&file, text, error, diagnostics);
        return None;
    }

    let root = Table::root(&file, document.get_ref(), keys::ROOT);
    root.check_keys(diagnostics);
    let config_server = root
        .table("config-server", diagnostics)
        .map(|table| ConfigServer::read(&table, diagnostics))
        .unwrap_or_default();
    let components = root
        .table("components", diagnostics)
        .map(|table| component::read_all(&table, &config_server.key_prefix, diagnostics))
        .unwrap_or_default();
    Some(Manifest {
        config_server,
        components,
    })
}

fn syntax_error(
    file: &Arc<TextFile>,
    text: &str,
    error: &toml::de::Error,
    diagnostics: &mut Diagnostics,
) {
    let end = file.text.len();
    let range = error.span().unwrap_or(end..end);
    let spot = file.spot(range.clone());
    let message = format!("cannot parse `{}` as TOML", file.path);
    let mut diagnostic = Diagnostic::error(message, &spot, error.message());
    if error.message().starts_with("duplicate key")
        && let Some(first) = first_use(text, range)
    {
        diagnostic = diagnostic.context(&file.spot(first), "first used here");
    }
    diagnostics.error(diagnostic);
}

/// Finds the first use of a key that is used twice. It searches the lines before the second use.
fn first_use(text: &str, second: Range<usize>) -> Option<Range<usize>> {
    let before = text.get(..second.start)?;
    let line = before.rfind('\n')? + 1;
    let (document, _) = DeTable::parse_recoverable(&text[..line]);
    table::only_key(document.get_ref(), text.get(second)?)
}
