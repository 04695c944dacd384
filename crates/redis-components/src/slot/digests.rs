//! The digests of a slot's configs as they are written, each computed once: the receipt tells those
//! of all components whenever something has changed.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::config::ComponentConfig;

/// How many are kept: those of the config in force and of the newest one, for receipts with the
/// fleet's salt and for gauges without.
const KEPT: usize = 4;

/// The digests that were asked for last.
#[derive(Debug, Default)]
pub(super) struct Digests(Mutex<Vec<Digest>>);

#[derive(Debug)]
struct Digest {
    /// It keeps no secret longer than the slot does.
    config: Weak<ComponentConfig>,
    salt: String,
    text: String,
}

impl Digests {
    /// Returns the digest of `config` for `salt`, which `compute` computes if it is not known.
    pub(super) fn of(
        &self,
        config: &Arc<ComponentConfig>,
        salt: &str,
        compute: impl FnOnce() -> String,
    ) -> String {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |digest: &&Digest| {
            std::ptr::eq(digest.config.as_ptr(), Arc::as_ptr(config)) && digest.salt == salt
        };
        if let Some(digest) = known.iter().find(is_it) {
            return digest.text.clone();
        }
        let text = compute();
        if known.len() == KEPT {
            known.remove(0);
        }
        known.push(Digest {
            config: Arc::downgrade(config),
            salt: salt.to_owned(),
            text: text.clone(),
        });
        text
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use super::Digests;
    use crate::config::ComponentConfig;

    #[test]
    fn r14_the_digest_of_a_config_is_computed_once_for_each_salt() {
        let (digests, computed) = (Digests::default(), Cell::new(0));
        let digest = |config: &Arc<ComponentConfig>, salt: &str| {
            digests.of(config, salt, || {
                computed.set(computed.get() + 1);
                config.digest(salt)
            })
        };
        let [old, new] = ["a", "b"].map(|host| Arc::new(ComponentConfig::new(host)));
        for _ in 0..10 {
            assert_eq!(digest(&old, ""), old.digest(""));
            assert_eq!(digest(&new, ""), new.digest(""));
        }
        assert_eq!(computed.get(), 2);
        assert_eq!(digest(&new, "salt"), new.digest("salt"));
        assert_eq!(digest(&new, "salt"), new.digest("salt"));
        assert_eq!(computed.get(), 3);
        // A config of the same meaning has its own.
        let again = Arc::new(ComponentConfig::new("b"));
        assert_eq!(digest(&again, "salt"), new.digest("salt"));
        assert_eq!(computed.get(), 4);
    }
}
