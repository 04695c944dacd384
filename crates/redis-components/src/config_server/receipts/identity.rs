//! The names of this process in a fleet.

use std::env;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use super::timing::Timing;
use crate::receipts::process::within_rfc_3339;
use crate::receipts::{Mode, Process};

/// How many characters of a name are used.
const LONGEST: usize = 64;

/// The names of this process on one config server.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    application: String,
    host: String,
    pid: u32,
    instance: String,
    key_prefix: String,
    started: SystemTime,
}

impl Identity {
    /// Returns the names of this process. The application is by default named after its executable.
    pub(crate) fn new(application: Option<&str>, key_prefix: &str) -> Self {
        let (host, pid) = (part_of_key(&host()), process::id());
        let digits = digits();
        let application = application.map_or_else(executable, str::to_owned);
        Self {
            application: part_of_key(&application),
            instance: format!("{host}-{pid}-{digits:04x}"),
            host,
            pid,
            key_prefix: key_prefix.to_owned(),
            started: SystemTime::now(),
        }
    }

    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    /// Returns the name of the connections that this process makes for a component, as `CLIENT LIST`
    /// shows it.
    pub(crate) fn client_name(&self, component: &str) -> String {
        let is_allowed = |c: char| c.is_ascii_graphic();
        let name = format!("{}:{component}:{}", self.application, self.instance);
        name.chars()
            .map(|c| if is_allowed(c) { c } else { '_' })
            .collect()
    }

    /// Returns what the receipt says about the process.
    pub(super) fn process(&self, is_pushing: bool, timing: Timing) -> Process {
        Process {
            version: 1,
            application: self.application.clone(),
            instance: self.instance.clone(),
            host: self.host.clone(),
            pid: self.pid,
            started: humantime::format_rfc3339_seconds(within_rfc_3339(self.started)).to_string(),
            runtime: env!("CARGO_PKG_VERSION").to_owned(),
            language: "rust".to_owned(),
            mode: if is_pushing { Mode::Push } else { Mode::Poll },
            key_prefix: self.key_prefix.clone(),
            every: timing.every,
            ttl: timing.ttl,
            candidates: false,
        }
    }
}

/// Returns `name` with characters replaced that separate the parts of a key, or that steer a
/// terminal.
fn part_of_key(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let characters = name.trim().chars().take(LONGEST);
    let part: String = characters
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    if part.is_empty() {
        UNKNOWN.to_owned()
    } else {
        part
    }
}

/// Returns digits that are new in this process, and begin anywhere: several settings may use one
/// config server, and ids of processes come again, in containers at each start.
fn digits() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // An error says that another thread has set the first number.
    let begin = fastrand::u32(1..);
    let _ = NEXT.compare_exchange(0, begin, Ordering::Relaxed, Ordering::Relaxed);
    let [low, high, ..] = NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// Stands for a missing name.
const UNKNOWN: &str = "unknown";

fn executable() -> String {
    let path = env::current_exe().ok();
    let name = path.as_ref().and_then(|path| path.file_stem());
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(unix)]
fn host() -> String {
    let name = nix::unistd::gethostname().ok();
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(not(unix))]
fn host() -> String {
    env::var("COMPUTERNAME").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Identity, part_of_key};
    use crate::config_server::receipts::timing::Timing;

    #[test]
    fn r14_an_instance_is_host_process_and_four_digits() {
        let identity = Identity::new(Some("the shop:eu"), "config:redis:");
        let process = identity.process(true, Timing::DEFAULT);
        assert_eq!(process.application(), "the_shop_eu");
        let begin = format!("{}-{}-", process.host(), std::process::id());
        let digits = process.instance().strip_prefix(&begin).unwrap();
        assert_eq!(digits.len(), 4);
        assert!(digits.chars().all(|c| c.is_ascii_hexdigit()));
        assert!(process.started().is_some());
    }

    #[test]
    fn r8_names_separate_no_keys_and_steer_no_terminal() {
        assert_eq!(part_of_key(" a:b c\u{1b}[2J\n"), "a_b_c__2J");
        assert_eq!(part_of_key("  "), "unknown");
        assert_eq!(part_of_key(&"x".repeat(500)).len(), 64);
    }
}
