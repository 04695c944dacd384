//! Files that import each other in a circle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::arrows::Arrow;

/// Returns, for each file that is in a circle, the shortest one; each circle once.
pub(crate) fn circles<'a>(arrows: &'a [Arrow<'a>]) -> Vec<Vec<&'a Arrow<'a>>> {
    let mut from: BTreeMap<&str, Vec<&Arrow<'_>>> = BTreeMap::new();
    for arrow in arrows {
        from.entry(arrow.from).or_default().push(arrow);
    }
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for start in from.keys() {
        if let Some(circle) = shortest(&from, start) {
            let members: BTreeSet<_> = circle.iter().map(|arrow| arrow.from).collect();
            if seen.insert(members) {
                circles.push(circle);
            }
        }
    }
    circles
}

/// Returns the shortest way from a file back to itself.
fn shortest<'a>(
    from: &BTreeMap<&str, Vec<&'a Arrow<'a>>>,
    start: &str,
) -> Option<Vec<&'a Arrow<'a>>> {
    let mut reached = BTreeSet::new();
    let mut ways = VecDeque::from([(start, Vec::new())]);
    while let Some((file, way)) = ways.pop_front() {
        for arrow in from.get(file).into_iter().flatten() {
            let mut longer = way.clone();
            longer.push(*arrow);
            if arrow.to == start {
                return Some(longer);
            }
            if reached.insert(arrow.to) {
                ways.push_back((arrow.to, longer));
            }
        }
    }
    None
}
