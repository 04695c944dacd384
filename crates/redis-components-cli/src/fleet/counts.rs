//! How a process stands to a component's config, and a fleet's figures.

use redis_components::receipts::{ComponentReceipt, ReceiptState};
use serde::Serialize;

use super::row::Receipts;
use super::silent::Silent;
use crate::text::counted;

/// The configs that processes should run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) digest: String,
    /// The config that some processes run in its place.
    pub(crate) canary: Option<String>,
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
    pub(super) fn stand(&self, receipt: &ComponentReceipt) -> Stand {
        let is_wanted = |digest: Option<&str>| {
            digest.is_some() && (digest == Some(&self.digest) || digest == self.canary.as_deref())
        };
        let (applied, seen) = (is_wanted(receipt.applied()), is_wanted(receipt.seen()));
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
pub(crate) struct Counts {
    pub(crate) following: usize,
    pub(crate) expected: usize,
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
            silent: silent.len(),
            ..Self::default()
        };
        for receipt in receipts.values() {
            let Some(receipt) = receipt.component(component) else {
                continue;
            };
            counts.expected += 1;
            if wanted.is_some_and(|wanted| wanted.stand(receipt) == Stand::Follows) {
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
    use redis_components::receipts::ComponentReceipt;

    use super::{Stand, Wanted};

    #[test]
    fn r14_who_follows_is_told_from_the_effect() {
        let wanted = Wanted {
            digest: "new".to_owned(),
            canary: Some("canary".to_owned()),
        };
        for (text, stand) in [
            ("new new ok 2 9 0 -", Stand::Follows),
            ("canary canary ok 2 9 0 -", Stand::Follows),
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
            assert_eq!(wanted.stand(&receipt), stand, "{text}");
        }
    }
}
