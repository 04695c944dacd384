//! Several URLs with commas between them.

use super::host::SEVERAL;
use super::problem::Problem;

/// Splits at the commas before a scheme: a password may have commas in it.
pub(super) fn split(text: &str) -> Vec<&str> {
    let mut urls = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(comma) = rest[from..].find(',').map(|at| from + at) {
        let next = rest[comma + 1..].trim_start();
        let scheme = next.split_once("://").map_or("", |(scheme, _)| scheme);
        let is_scheme = |byte: u8| byte.is_ascii_lowercase() || byte == b'+';
        if !scheme.is_empty() && scheme.bytes().all(is_scheme) {
            urls.push(rest[..comma].trim_end());
            rest = next;
            from = 0;
        } else {
            from = comma + 1;
        }
    }
    urls.push(rest);
    urls
}

/// Returns what is wrong with a URL of a list, which may name several servers where one URL may not.
pub(super) fn of_list(url: &str, problem: Problem) -> Problem {
    if url.trim_end().ends_with(',') {
        let help = "leave the comma out, or write another url behind it";
        Problem::new("ends with a comma", "no url stands behind the comma", help)
    } else if SEVERAL.contains(&problem.help) {
        let help = format!(
            "{}, or write a whole url for each: \"redis://a,redis://b\"",
            problem.help
        );
        Problem { help, ..problem }
    } else {
        problem
    }
}
