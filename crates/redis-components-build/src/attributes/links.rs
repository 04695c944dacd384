//! The names that intra-doc links begin with.

use std::collections::BTreeSet;

use crate::syntax::is_identifier;

/// Returns the first names of the links in documentation.
pub(crate) fn linked_names(lines: &[String]) -> BTreeSet<String> {
    let text = lines.join("\n");
    let mut names = BTreeSet::new();
    for (start, _) in text.match_indices('[') {
        let inside = &text[start + 1..];
        let Some(end) = inside.find(']') else {
            continue;
        };
        let rest = &inside[end + 1..];
        let explicit = rest
            .strip_prefix('(')
            .or_else(|| rest.strip_prefix(": "))
            .and_then(|rest| rest.split([')', '\n']).next());
        names.extend(first_name(explicit.unwrap_or(&inside[..end])));
    }
    names
}

fn first_name(link: &str) -> Option<String> {
    let link = link.trim_matches('`');
    let link = link.split_once('@').map_or(link, |(_, link)| link);
    let first = link
        .split(['(', '!', '<', '#'])
        .next()?
        .split("::")
        .next()?;
    is_identifier(first).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::linked_names;

    #[test]
    fn all_forms_of_links_are_found() {
        let cases = [
            ("see [`Thing`]", "Thing"),
            ("see [Thing]", "Thing"),
            ("see [`Thing::new()`]", "Thing"),
            ("see [it](Thing::new)", "Thing"),
            ("[it]: struct@Thing", "Thing"),
            ("see [`macro@thing!`]", "thing"),
        ];
        for (text, name) in cases {
            let found = linked_names(&[text.to_owned()]);
            assert!(found.contains(name), "{text}: {found:?}");
        }
    }

    #[test]
    fn other_brackets_are_not() {
        for text in [
            "a[0]",
            "see [the page](https://example.org)",
            "[",
            "[`crate::Thing`]",
        ] {
            assert!(linked_names(&[text.to_owned()]).is_empty(), "{text}");
        }
    }
}
