//! "Did you mean": the nearest of the names that exist.

/// Returns the candidate most similar to `name`, if one is similar at all.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = name.chars().count().max(3) / 3;
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns the number of insertions, deletions, substitutions and swaps of neighbours between two
/// names. Case does not count.
fn distance(left: &str, right: &str) -> usize {
    strsim::osa_distance(&left.to_lowercase(), &right.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn swapped_neighbours_count_once() {
        assert_eq!(distance("log_comomn", "log_common"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "SAME"), 0);
    }

    #[test]
    fn only_similar_names_are_suggested() {
        let names = ["log_recent", "log_common"];
        assert_eq!(nearest("log_comon", names), Some("log_common"));
        assert_eq!(nearest("update_counter", names), None);
    }
}
