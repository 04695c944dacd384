//! The config servers that a manifest names: the runtime can use them, and the text holds no
//! secret.
//!
//! The runtime reads the same text at run time. Tests of both crates run the same cases.

#[cfg(test)]
mod cases;
mod config;
mod fields;
mod host;
mod json;
mod list;
mod problem;
mod url;

use serde_json::Value;

use self::problem::Problem;
use super::table::Text;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;

/// How many servers a text may name.
const MOST: usize = 16;

/// Refuses text that holds a secret, and text that the runtime would refuse.
pub(super) fn check(text: &Text<'_>, diagnostics: &mut Diagnostics) {
    if let Err(problem) = check_text(text.value) {
        let message = format!("the config server's url {}", problem.message);
        let error = Diagnostic::error(message, &text.spot, problem.label);
        diagnostics.error(error.help(problem.help));
    }
}

fn check_text(text: &str) -> Result<(), Problem> {
    let json = text.trim();
    let mut servers = Vec::new();
    if json.starts_with('{') {
        config::check(&json::parse(json)?)?;
    } else if json.starts_with('[') {
        let elements = json::list(json)?;
        if elements.is_empty() {
            let help = "name at least one server, or leave `url` out";
            return Err(Problem::new("names no server", "an empty list", help));
        }
        for (number, element) in (1..).zip(&elements) {
            let checked = match element {
                Value::String(url) => url::check(url),
                config => config::check(config),
            };
            checked.map_err(|problem| problem.of_server(number))?;
            servers.push(element.to_string());
        }
    } else {
        let urls = list::split(text);
        let is_list = urls.len() > 1;
        for (number, url) in (1..).zip(urls) {
            let checked = url::check(url).map_err(|problem| list::of_list(url, problem));
            if is_list {
                checked.map_err(|problem| problem.of_server(number))?;
            } else {
                checked?;
            }
            servers.push(url.trim_end().to_owned());
        }
    }
    servers.sort();
    servers.dedup();
    if servers.len() > MOST {
        let help = "name fewer; the others are used only if those before them do not answer";
        let message = format!("names more than {MOST} servers");
        return Err(Problem::new(message, "too many", help));
    }
    Ok(())
}
