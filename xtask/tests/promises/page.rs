//! The page, with the lists that belong on it.

use crate::sources::{Promise, Tests};

/// Returns the page with its text as it is, and behind the text of each promise its tests.
///
/// # Panics
///
/// Panics if a promise has tests and no place on the page.
pub(crate) fn with_lists(text: &str, found: &Tests) -> String {
    let mut listed = String::new();
    let mut missing: Vec<_> = found.keys().map(|(promise, _)| *promise).collect();
    for section in text
        .split_inclusive('\n')
        .collect::<Vec<_>>()
        .chunk_by(|_, next| !next.starts_with("## "))
    {
        let promise = section.first().and_then(|line| promise(line));
        let Some(promise) = promise else {
            listed.extend(section.iter().copied());
            continue;
        };
        missing.retain(|missing| *missing != promise);
        let written = section.iter().filter(|line| !line.starts_with("- ["));
        let written: String = written.copied().collect();
        listed.push_str(written.trim_end());
        listed.push_str("\n\n");
        let files = found.iter().filter(|((of, _), _)| *of == promise);
        for ((_, file), tests) in files {
            let tests: Vec<_> = tests.iter().map(|test| format!("`{test}`")).collect();
            let shown = file.strip_prefix("crates/").unwrap_or(file);
            let tests = tests.join(", ");
            listed.push_str(&format!("- [{shown}](../{file}): {tests}\n"));
        }
        listed.push('\n');
    }
    assert!(
        missing.is_empty(),
        "docs/promises.md has no section for {missing:?}"
    );
    format!("{}\n", listed.trim_end())
}

/// Returns the promise that a heading names.
fn promise(heading: &str) -> Option<Promise> {
    let (kind, number) = heading
        .trim_end()
        .strip_prefix("## ")?
        .split_at_checked(1)?;
    let number = number.parse().ok()?;
    Some((kind.to_lowercase().parse().ok()?, number))
}

#[test]
fn lists_are_written_anew_and_text_stays() {
    let found = Tests::from([
        (
            (('r', 1), "crates/a/src/one.rs".to_owned()),
            vec!["r1_it_is".to_owned()],
        ),
        (
            (('r', 1), "tests/two.rs".to_owned()),
            vec!["r1_a".to_owned(), "r1_b".to_owned()],
        ),
    ]);
    let text = "# Page\n\n## R1\n\nWords.\n\n- [gone](x): `r1_gone`\n\n## Other\n\n- [kept](y)\n";
    assert_eq!(
        with_lists(text, &found),
        "# Page\n\n## R1\n\nWords.\n\n- [a/src/one.rs](../crates/a/src/one.rs): `r1_it_is`\n- \
         [tests/two.rs](../tests/two.rs): `r1_a`, `r1_b`\n\n## Other\n\n- [kept](y)\n"
    );
}

#[test]
#[should_panic = "no section"]
fn a_promise_without_a_section_is_an_error() {
    let found = Tests::from([((('b', 9), "x.rs".to_owned()), vec!["b9_x".to_owned()])]);
    with_lists("## B1\n", &found);
}
