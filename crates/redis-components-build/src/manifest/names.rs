use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::quoted;
use crate::diagnostics::secrets::text_without_secrets;
use crate::manifest::table::Text;
use crate::syntax::{is_identifier, is_keyword};

/// The items that every generated module has, sorted.
pub(crate) const ACCESSORS: [&str; 3] = ["COMPONENT", "blocking_connection", "connection"];

/// Checks that a component's name can name a module.
pub(super) fn check_component(name: &Text<'_>, diagnostics: &mut Diagnostics) -> bool {
    let (label, help) = if is_keyword(name.value) {
        let help = format!(
            "choose another name, for example `{}_`, and keep the config key with `key`",
            name.value
        );
        ("a keyword of Rust", help)
    } else if is_identifier(name.value) {
        return true;
    } else {
        ("not a Rust identifier", suggestion(name.value))
    };
    let message = format!("{} cannot be the name of a component", quoted(name.value));
    diagnostics.error(
        Diagnostic::error(message, &name.spot, label)
            .help(help)
            .note("a component's name is the name of its generated module"),
    );
    false
}

/// Checks that a listed name can be the name of a wrapper.
pub(super) fn check_function(name: &Text<'_>, diagnostics: &mut Diagnostics) -> bool {
    let plain = name.value.strip_prefix("r#").unwrap_or(name.value);
    if !is_identifier(plain) {
        let message = format!("{} cannot be the name of a function", quoted(name.value));
        let help = "list a function by its name alone, such as \"log_recent\"";
        diagnostics
            .error(Diagnostic::error(message, &name.spot, "not a Rust identifier").help(help));
        return false;
    }
    if ACCESSORS.contains(&plain) {
        let message = format!("a listed function cannot be called `{plain}`");
        let label = "every generated module has an item of this name";
        diagnostics
            .error(Diagnostic::error(message, &name.spot, label).help("rename the function"));
        return false;
    }
    true
}

fn suggestion(name: &str) -> String {
    // A suggestion is made of the name's words.
    let name = text_without_secrets(name);
    let words: Vec<&str> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let converted = words.join("_");
    if is_identifier(&converted) && !is_keyword(&converted) {
        format!("write `{converted}`, and keep the config key with `key`")
    } else {
        "use letters, digits and `_`, and no digit first".to_owned()
    }
}
