//! Limits of growth between rests.

use crate::report::usage::Usage;

/// How much more memory, in KiB, the end may have than the first rest. The runtime itself keeps
/// nothing that grows. The system's allocator does grow a little: it has an arena for each of
/// several threads, and each arena keeps about as much as its threads once used at the same time.
/// With one arena nothing grows.
const MORE_RESIDENT_KIB: u64 = 24 * 1024;
/// How many more file descriptors and threads the end may have. At rest all components are on one
/// server, with one connection for each client, so both are the same except for sockets and threads
/// that are about to end.
const MORE_FILE_DESCRIPTORS: u64 = 4;
const MORE_THREADS: u64 = 4;

/// Returns what has grown beyond its limit between two rests.
pub(crate) fn growth(warm: &Usage, end: &Usage) -> Vec<String> {
    let bounds = [
        (
            "KiB resident",
            warm.resident_kib,
            end.resident_kib,
            MORE_RESIDENT_KIB,
        ),
        (
            "file descriptors",
            warm.file_descriptors,
            end.file_descriptors,
            MORE_FILE_DESCRIPTORS,
        ),
        ("threads", warm.threads, end.threads, MORE_THREADS),
    ];
    let grown = bounds.into_iter().filter_map(|(what, warm, end, more)| {
        let (warm, end) = (warm?, end?);
        (end > warm + more).then(|| {
            format!("{end} {what} at rest, {warm} after the warm-up, and at most {more} more are allowed")
        })
    });
    grown.collect()
}

#[cfg(test)]
mod tests {
    use super::growth;
    use crate::report::usage::Usage;

    #[test]
    fn growth_beyond_its_limit_is_reported() {
        let warm = Usage {
            resident_kib: Some(10_000),
            file_descriptors: Some(50),
            threads: None,
        };
        let end = Usage {
            file_descriptors: Some(80),
            ..warm
        };
        assert!(growth(&warm, &warm).is_empty());
        let grown = growth(&warm, &end);
        assert!(
            grown.len() == 1 && grown[0].starts_with("80 file descriptors"),
            "{grown:?}"
        );
    }
}
