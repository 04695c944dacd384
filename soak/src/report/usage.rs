//! The resources that this process uses.

use std::fs;

use serde::Serialize;

/// The figures of the system. `None` if the system does not give them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Usage {
    pub(crate) resident_kib: Option<u64>,
    pub(crate) file_descriptors: Option<u64>,
    pub(crate) threads: Option<u64>,
}

impl Usage {
    pub(crate) fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let descriptors = fs::read_dir("/proc/self/fd").ok();
        Self {
            resident_kib: field("VmRSS:"),
            // Reading the folder opens one more.
            file_descriptors: descriptors.map(|all| (all.count() as u64).saturating_sub(1)),
            threads: field("Threads:"),
        }
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |value: Option<u64>| value.map_or_else(|| "?".to_owned(), |v| v.to_string());
        write!(
            f,
            "{:>7} MiB {:>5} files {:>4} threads",
            self.resident_kib.map_or_else(
                || "?".to_owned(),
                |kib| format!("{:.1}", kib as f64 / 1024.0)
            ),
            shown(self.file_descriptors),
            shown(self.threads)
        )
    }
}
