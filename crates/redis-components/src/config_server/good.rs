//! The config of a key that came into force last, and how the config server writes it.

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwapOption;

use super::config_text::ConfigText;
use super::reading::Target;
use crate::config::ComponentConfig;

/// The config that came into force last, if one has.
#[derive(Debug, Default)]
pub(super) struct LastGood(ArcSwapOption<Good>);

#[derive(Debug)]
struct Good {
    config: Arc<ComponentConfig>,
    /// How the config server writes it. `None` if it comes from the file of last good configs. If it
    /// is a canary's, the text of the key's own config that was in force before.
    text: Option<ConfigText>,
    /// When the text was noted. Components that share a key may have different ones.
    since: Instant,
}

impl LastGood {
    /// Notes that a config is in force. Returns `true` if it is the one that is known of the key,
    /// and so the last good one now.
    pub(super) fn note(&self, known: &Target, config: &Arc<ComponentConfig>) -> bool {
        let is_known = known.config.as_ref() == Some(config);
        if is_known {
            let now = Instant::now();
            let (text, since) = if known.has_own(config) {
                (known.server_text(), now)
            } else {
                // Processes that are no canaries read the file, too.
                let good = self.0.load();
                let before = good.as_ref().map(|good| (good.text.clone(), good.since));
                before.unwrap_or((None, now))
            };
            let config = Arc::clone(config);
            let good = Good {
                config,
                text,
                since,
            };
            self.0.store(Some(Arc::new(good)));
        }
        is_known
    }

    /// Notes how the last good config is written by now. Returns `true` if that has changed.
    pub(super) fn note_text(&self, known: &Target) -> bool {
        let good = self.0.load();
        let Some(good) = good.as_ref() else {
            return false;
        };
        known.has_own(&good.config)
            && known.server_text() != good.text
            && self.note(known, &good.config)
    }

    /// Returns how the config server writes the last good config, if it does, and since when.
    pub(super) fn text(&self, known: &Target) -> Option<(Instant, ConfigText)> {
        let good = self.0.load();
        let good = good.as_ref()?;
        let text = if known.has_own(&good.config) {
            // It may be written in another way by now.
            known.server_text()
        } else {
            good.text.clone()
        };
        Some((good.since, text?))
    }
}
