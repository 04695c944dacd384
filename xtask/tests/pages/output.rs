//! What a page shows, beside what was written.

/// Returns how many lines were needed for those that are shown, in their order, or `None` if one is
/// missing. `…` stands for any text within a line.
pub(crate) fn find(shown: &[String], written: &[String]) -> Option<usize> {
    let mut used = 0;
    for line in shown {
        used += 1 + written[used..]
            .iter()
            .position(|candidate| is_like(line, candidate))?;
    }
    Some(used)
}

/// Returns `true` if nothing else was written than what is shown.
pub(crate) fn is_all(shown: &[String], written: &[String]) -> bool {
    shown.len() == written.len()
        && shown
            .iter()
            .zip(written)
            .all(|(shown, written)| is_like(shown, written))
}

fn is_like(shown: &str, written: &str) -> bool {
    let mut rest = written;
    let parts: Vec<&str> = shown.split('…').collect();
    for (number, part) in parts.iter().enumerate() {
        let found = match number {
            0 => rest.starts_with(part).then_some(0),
            _ if number == parts.len() - 1 => rest.ends_with(part).then(|| rest.len() - part.len()),
            _ => rest.find(part),
        };
        let Some(place) = found else { return false };
        rest = &rest[place + part.len()..];
    }
    parts.len() > 1 || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{find, is_all, is_like};

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn an_ellipsis_stands_for_any_text() {
        assert!(is_like("a", "a") && is_like("a…c", "abc") && is_like("… b …", "a b c"));
        assert!(!is_like("a", "ab") && !is_like("a…c", "ab") && !is_like("a", ""));
    }

    #[test]
    fn lines_are_found_in_their_order() {
        let written = lines("1 on a\n2 on a\n3 on b\n");
        assert_eq!(find(&lines("… on a\n… on b\n"), &written), Some(3));
        assert_eq!(find(&lines("… on b\n… on a\n"), &written), None);
        assert!(!is_all(&lines("… on a\n"), &written));
    }
}
