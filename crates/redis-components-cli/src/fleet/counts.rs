//! How a process stands to a component's config, and a fleet's figures.

use redis_components::receipts::{ComponentReceipt, Process, ReceiptState};
use serde::Serialize;

use super::control::Canary;
use super::receipts::Receipts;
use super::silent::Silent;
use crate::text::counted;

/// The configs that processes should run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) digest: String,
    /// The config that some processes run in its place, with its digest.
    pub(crate) canary: Option<(Canary, String)>,
}

/// How a process stands to the wanted config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Follows,
    Refuses,
    /// It refuses a config that it cannot read, which may be an earlier one.
    CannotRead,
    Behind,
}

impl Wanted {
    /// Returns `true` if the process should run the canary.
    pub(super) fn is_canary(&self, process: &Process) -> bool {
        let canary = self.canary.as_ref();
        canary.is_some_and(|(canary, _)| canary.is_for(process.instance()))
    }

    pub(super) fn stand(&self, process: &Process, receipt: &ComponentReceipt) -> Stand {
        let digest = match &self.canary {
            Some((_, digest)) if self.is_canary(process) => digest,
            _ => &self.digest,
        };
        let applied = receipt.applied() == Some(digest);
        let seen = receipt.seen() == Some(digest);
        match receipt.state() {
            ReceiptState::Ok | ReceiptState::Ready if applied && seen => Stand::Follows,
            ReceiptState::Disabled if seen => Stand::Follows,
            ReceiptState::Refused if seen => Stand::Refuses,
            ReceiptState::Refused if receipt.seen().is_none() => Stand::CannotRead,
            _ => Stand::Behind,
        }
    }
}

/// A fleet's figures for a component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Counts {
    pub(crate) following: usize,
    pub(crate) expected: usize,
    /// How many watch configs and do not report, or report what cannot be read.
    pub(crate) silent: usize,
    /// How many refuse the newest config, or do not reach its server.
    pub(crate) problems: usize,
}

impl Counts {
    /// Returns the figures of a component. Without a config nobody can follow.
    pub(crate) fn of(
        receipts: &Receipts,
        silent: &[Silent],
        component: &str,
        wanted: Option<&Wanted>,
    ) -> Self {
        let mut counts = Self {
            silent: silent.len() + receipts.unreadable().len(),
            ..Self::default()
        };
        for receipt in receipts.own() {
            let process = receipt.process();
            let Some(receipt) = receipt.component(component) else {
                continue;
            };
            counts.expected += 1;
            if wanted.is_some_and(|wanted| wanted.stand(process, receipt) == Stand::Follows) {
                counts.following += 1;
            }
            let is_problem = [ReceiptState::Refused, ReceiptState::Unreachable];
            if is_problem.contains(&receipt.state()) {
                counts.problems += 1;
            }
        }
        counts
    }

    /// Returns the figures for people.
    pub(crate) fn shown(self) -> String {
        let Self {
            following,
            expected,
            silent,
            problems,
        } = self;
        let mut text = format!("{following}/{expected}");
        if silent > 0 {
            text.push_str(&format!(", {silent} silent"));
        }
        if problems > 0 {
            text.push_str(", ");
            text.push_str(&counted(problems, "problem"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use redis_components::receipts::{ComponentReceipt, Process};
    use serde_json::Value;

    use super::{Stand, Wanted};
    use crate::fleet::control::Canary;

    fn process() -> Process {
        Process::parse(r#"{"application":"shop","instance":"web1-77-a0f3"}"#).unwrap()
    }

    #[test]
    fn r14_who_follows_is_told_from_the_effect() {
        let wanted = Wanted {
            digest: "new".to_owned(),
            canary: None,
        };
        for (text, stand) in [
            ("new new ok 2 9 0 -", Stand::Follows),
            ("new new ready 2 9 0 move-1", Stand::Follows),
            ("- new disabled 2 9 0 -", Stand::Follows),
            ("old new trying 2 9 0 -", Stand::Behind),
            (
                "new new unreachable 2 9 0 server_unreachable x",
                Stand::Behind,
            ),
            ("old new refused 2 9 0 server_refused x", Stand::Refuses),
            ("old - refused 2 9 0 config_invalid x", Stand::CannotRead),
            // It has not read the new config yet.
            ("old other refused 2 9 0 server_refused x", Stand::Behind),
            ("old old ok 2 9 0 -", Stand::Behind),
            ("new old ok 2 9 0 -", Stand::Behind),
            ("- old disabled 2 9 0 -", Stand::Behind),
            ("new new melting 2 9 0 -", Stand::Behind),
        ] {
            let receipt = ComponentReceipt::parse(text).unwrap();
            assert_eq!(wanted.stand(&process(), &receipt), stand, "{text}");
        }
    }

    #[test]
    fn r14_a_process_follows_its_canary_or_the_config_and_not_the_other() {
        // The place of the instance is 9916.
        for (percent, canary, config) in [
            (99.17, Stand::Follows, Stand::Behind),
            (99.16, Stand::Behind, Stand::Follows),
        ] {
            let chosen = Canary {
                config: Value::Null,
                percent,
                salt: "s".to_owned(),
                base: None,
            };
            let wanted = Wanted {
                digest: "new".to_owned(),
                canary: Some((chosen, "canary".to_owned())),
            };
            for (text, stand) in [
                ("canary canary ok 2 9 0 -", canary),
                ("new new ok 2 9 0 -", config),
            ] {
                let receipt = ComponentReceipt::parse(text).unwrap();
                assert_eq!(
                    wanted.stand(&process(), &receipt),
                    stand,
                    "{percent} {text}"
                );
            }
        }
    }
}
