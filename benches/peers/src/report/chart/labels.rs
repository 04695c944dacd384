//! Labels beside the ends of lines, none on another.

/// The distance of two labels.
const APART: f64 = 15.0;

/// Returns the places of labels that belong at `wanted`: each as near as the others let it, in the
/// same order, and between `top` and `bottom` if there is room.
pub(super) fn places(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    // Labels that would touch form a group, which is centred where its members belong.
    let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
    for label in order {
        groups.push((wanted[label], vec![label]));
        while let [.., (upper, above), (lower, below)] = groups.as_slice() {
            if upper + height(above.len(), below.len()) <= *lower {
                break;
            }
            let members: Vec<usize> = above.iter().chain(below).copied().collect();
            groups.truncate(groups.len() - 2);
            let half = height(members.len(), members.len()) / 2.0 - APART / 2.0;
            let wished = members.iter().map(|label| wanted[*label]).sum::<f64>();
            let centre = wished / float(members.len());
            groups.push((
                centre.clamp(top + half, (bottom - half).max(top + half)),
                members,
            ));
        }
    }
    let mut places = vec![0.0; wanted.len()];
    for (centre, members) in groups {
        let first = centre - APART * (float(members.len()) - 1.0) / 2.0;
        for (number, label) in members.into_iter().enumerate() {
            places[label] = APART.mul_add(float(number), first);
        }
    }
    places
}

/// Returns how far the centres of two groups have to be from each other.
fn height(above: usize, below: usize) -> f64 {
    APART * (float(above) + float(below)) / 2.0
}

#[allow(clippy::cast_precision_loss, reason = "no chart has so many lines")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{APART, places};

    #[test]
    fn no_label_is_on_another_and_their_order_stays() {
        let wanted = [100.0, 101.0, 99.0, 300.0, 102.0, 395.0, 396.0];
        let places = places(&wanted, 50.0, 400.0);
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
        for pair in order.windows(2) {
            let apart = places[pair[1]] - places[pair[0]];
            assert!(apart >= APART - 1e-9, "{places:?}");
        }
        assert!((places[3] - 300.0).abs() < 1e-9, "{places:?}");
        assert!(places.iter().all(|place| (50.0..=400.0).contains(place)));
    }
}
