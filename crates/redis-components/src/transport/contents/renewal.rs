//! When a login that expires is replaced.

use std::time::Duration;

/// How long before its expiry a login is replaced, unless a fifth of its time is longer.
const IN_TIME: Duration = Duration::from_secs(180);

/// Returns the time after which a login is replaced that lives for `left`. Processes that began
/// together have another `chance` each, and do not ask together.
pub(super) fn renewed_after(left: Duration, chance: f64) -> Duration {
    let spare = IN_TIME.max(left / 5).min(left / 2);
    left - spare - (spare / 4).mul_f64(chance)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::renewed_after;

    #[test]
    fn r3_a_login_is_replaced_in_time_before_it_expires() {
        for (left, from, to) in [
            // As services give them: a minute is what is left of three.
            (900, 675, 720),
            (3600, 2700, 2880),
            (86_400, 64_800, 69_120),
            (10, 3, 5),
            (0, 0, 0),
        ] {
            let bounds = Duration::from_secs(from)..=Duration::from_secs(to);
            for chance in [0.0, 0.5, 1.0] {
                let after = renewed_after(Duration::from_secs(left), chance);
                assert!(bounds.contains(&after), "{left}: {after:?}");
            }
        }
    }
}
