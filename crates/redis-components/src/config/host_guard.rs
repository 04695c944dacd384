//! Hosts that servers name: sentinels a primary, and the nodes of a cluster each other.

use super::component_config::ComponentConfig;
use super::secret::Secret;
use crate::error::repeats::repeats_all;

/// A shorter password may be a part of a name by chance.
const SHORTEST: usize = 8;

/// Refuses hosts by which a server repeats the password that it was sent: addresses are shown.
#[derive(Debug)]
pub(crate) struct HostGuard(Option<Secret>);

impl HostGuard {
    /// Returns the guard for what the servers of a config may name. A password that is a part of
    /// the config's own hosts is known to everybody, and may be a part of others.
    pub(crate) fn new(config: &ComponentConfig) -> Self {
        let password = config.login().and_then(|login| login.password);
        let is_secret = |password: &Secret| {
            let password = password.expose();
            let hosts = config.endpoint().hosts();
            password.chars().count() >= SHORTEST
                && !hosts.iter().any(|host| repeats_all(host, password))
        };
        Self(password.filter(is_secret))
    }

    /// Returns a guard that admits every host.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Returns `true` if the host may be connected to, and shown.
    pub(crate) fn admits(&self, host: &str) -> bool {
        let password = self.0.as_ref();
        password.is_none_or(|password| !repeats_all(host, password.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::HostGuard;
    use crate::config::ComponentConfig;

    #[test]
    fn r8_a_host_that_holds_the_password_is_not_admitted() {
        let guard = |host: &str, password: &str| {
            HostGuard::new(&ComponentConfig::new(host).password(password))
        };
        let unknown = guard("10.0.0.1", "Parus-7kQ2");
        for host in ["Parus-7kQ2", "x.PARUS-7KQ2.y", "50617275732d376b5132"] {
            assert!(!unknown.admits(host), "{host}");
        }
        for host in ["parus-1", "10.0.0.2", "::1"] {
            assert!(unknown.admits(host), "{host}");
        }
        // In development, a password may be a name that everybody knows, or short.
        assert!(guard("redis-development-1", "development").admits("redis-development-2"));
        assert!(guard("10.0.0.1", "redis").admits("redis-1"));
        assert!(HostGuard::new(&ComponentConfig::new("h")).admits("x"));
    }
}
