//! How a fleet stands to the config of one component: who follows, who refuses, who is missing.

use super::counts::{Stand, Wanted};
use super::receipts::{Receipts, Unreadable};
use super::row::Row;

/// How a fleet stands to the config of one component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) expected: usize,
    pub(crate) following: usize,
    /// How many of those follow a canary.
    pub(crate) canaries: usize,
    /// Which processes refuse the config.
    pub(crate) refused: Vec<Row>,
    /// Which processes refuse a config that they cannot read.
    pub(crate) unread: Vec<Row>,
    /// Which processes do not follow for another reason.
    pub(crate) behind: Vec<Row>,
    pub(crate) old_connections: u64,
    /// Of which processes it is not known.
    pub(crate) unreadable: Vec<Unreadable>,
}

impl Standing {
    pub(crate) fn of(receipts: &Receipts, component: &str, wanted: &Wanted) -> Self {
        let mut standing = Self {
            unreadable: receipts.unreadable(),
            ..Self::default()
        };
        for receipt in receipts.own() {
            let process = receipt.process();
            let Some(receipt) = receipt.component(component) else {
                continue;
            };
            standing.expected += 1;
            // Other programs may have written any number.
            standing.old_connections = standing
                .old_connections
                .saturating_add(receipt.old_connections());
            let row = || Row::new(process, component, receipt);
            match wanted.stand(process, receipt) {
                Stand::Follows => {
                    standing.following += 1;
                    standing.canaries += usize::from(wanted.is_canary(process));
                }
                Stand::Refuses => standing.refused.push(row()),
                Stand::CannotRead => standing.unread.push(row()),
                Stand::Behind => standing.behind.push(row()),
            }
        }
        standing
    }

    /// Returns `true` if all processes whose receipts can be read follow.
    pub(crate) fn is_whole(&self) -> bool {
        self.following == self.expected
    }
}

#[cfg(test)]
mod tests {
    use redis_components::receipts::Receipt;

    use super::Standing;
    use crate::fleet::counts::{Counts, Wanted};
    use crate::fleet::receipts::{Receipts, Said};

    fn fleet(texts: &[&str]) -> Receipts {
        let one = |(number, text): (usize, &&str)| {
            let process = format!(r#"{{"application":"shop","instance":"web-{number}-0a1b"}}"#);
            let receipt = Receipt::from_fields([("@", &*process), ("logs", text)]).unwrap();
            (receipt.process().member(), receipt)
        };
        let mut receipts = Receipts::new("");
        for (member, receipt) in texts.iter().enumerate().map(one) {
            receipts.note(member, Said::Receipt(receipt));
        }
        receipts
    }

    #[test]
    fn r14_processes_that_do_not_use_a_component_are_not_expected() {
        let wanted = Wanted {
            digest: "new".to_owned(),
            canary: None,
        };
        let receipts = fleet(&[
            "new new ok 2 9 3 -",
            "old new refused 2 9 4 server_refused x",
        ]);
        let standing = Standing::of(&receipts, "stats", &wanted);
        assert_eq!((standing.expected, standing.is_whole()), (0, true));
        let standing = Standing::of(&receipts, "logs", &wanted);
        assert_eq!((standing.expected, standing.old_connections), (2, 7));
        let counts = Counts::of(&receipts, &[], "logs", Some(&wanted));
        assert_eq!(counts.shown(), "1/2, 1 problem");
        assert_eq!(Counts::of(&receipts, &[], "logs", None).following, 0);
    }
}
