//! Which sentinels watch the service that is meant, and not another one of the same name.
//!
//! Epochs count the fail-overs of one deployment, so those of two cannot be compared.

use super::replies::Replicas;
use crate::config::endpoint::{Address, Primary};
use crate::error::text::printable;

/// What one sentinel says of the service.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    pub(super) sentinel: &'a Address,
    /// Whether the config names the sentinel.
    pub(super) is_configured: bool,
    pub(super) primary: &'a Primary,
    /// What the primary's name stands for, if that was looked up.
    pub(super) aliases: &'a [Address],
    pub(super) replicas: &'a Replicas,
}

impl Statement<'_> {
    fn names(&self, address: &Address) -> bool {
        self.primary.address == *address || self.aliases.contains(address)
    }

    fn all_names(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(&self.primary.address).chain(self.aliases)
    }

    /// Returns `true` if the sentinel names this primary, or knows it as a replica.
    fn knows_primary_of(&self, other: &Self) -> bool {
        let knows = |name: &Address| self.names(name) || self.replicas.contains(name);
        other.all_names().any(knows)
    }
}

/// Returns `true` if not all name the same address.
pub(super) fn disagree(statements: &[Statement<'_>]) -> bool {
    let differ = |pair: &[Statement<'_>]| pair[0].primary.address != pair[1].primary.address;
    statements.windows(2).any(differ)
}

/// Returns for each statement whether it is about the service that is meant.
///
/// Two statements are about the same deployment if one sentinel knows the primary of the other. A
/// sentinel that has heard of no fail-over yet lists the new primary as a replica, and one that
/// has lists the old primary. The deployment that more than half of the sentinels watch is meant,
/// else the one of the primary in use, else none.
///
/// As long as a primary is in use, a sentinel that is left alone moves nobody elsewhere: of the
/// `configured` ones those count then that say nothing. It is believed if it may not say which
/// replicas it knows.
pub(super) fn of_the_service(
    statements: &[Statement<'_>],
    in_use: Option<&Primary>,
    configured: usize,
) -> Vec<bool> {
    let deployments = deployments(statements);
    // What the config says counts more than what sentinels say of each other.
    let answering = statements.iter().filter(|one| one.is_configured).count();
    let counts = |one: &Statement<'_>| one.is_configured || answering < 2;
    let all = statements.iter().filter(|one| counts(one)).count();
    let is_alone = match statements {
        [alone] => in_use.is_some() && !matches!(alone.replicas, Replicas::Refused),
        _ => false,
    };
    let all = if is_alone { all.max(configured) } else { all };
    let has_most = |deployment: usize| {
        let watching = deployments.iter().zip(statements);
        let votes = watching.filter(|(of, one)| **of == deployment && counts(one));
        votes.count() * 2 > all
    };
    let of_most = deployments.iter().copied().find(|one| has_most(*one));
    let of_in_use = || {
        let in_use = &in_use?.address;
        let of = |knows: &dyn Fn(&Statement<'_>) -> bool| statements.iter().position(knows);
        let knows_it =
            of(&|one| one.names(in_use)).or_else(|| of(&|one| one.replicas.contains(in_use)))?;
        Some(deployments[knows_it])
    };
    let meant = of_most.or_else(of_in_use);
    let is_meant = |deployment: &usize| Some(*deployment) == meant;
    deployments.iter().map(is_meant).collect()
}

/// Returns the deployment of each statement: the index of a statement about it.
fn deployments(statements: &[Statement<'_>]) -> Vec<usize> {
    let mut deployments: Vec<usize> = (0..statements.len()).collect();
    for (index, one) in statements.iter().enumerate() {
        for (before, other) in statements[..index].iter().enumerate() {
            if one.knows_primary_of(other) || other.knows_primary_of(one) {
                let (from, to) = (deployments[index], deployments[before]);
                let joined = deployments.iter_mut().filter(|each| **each == from);
                joined.for_each(|each| *each = to);
            }
        }
    }
    deployments
}

/// Returns why some are not believed, if all have said which replicas they know.
pub(super) fn disagreement(
    service: &str,
    statements: &[Statement<'_>],
    in_use: Option<&Primary>,
    configured: usize,
) -> Option<String> {
    let believed = of_the_service(statements, in_use, configured);
    let was_asked = |one: &Statement<'_>| !matches!(one.replicas, Replicas::NotAsked);
    if believed.iter().all(|is_believed| *is_believed) || !statements.iter().all(was_asked) {
        return None;
    }
    let says = |(one, is_believed): (&Statement<'_>, &bool)| {
        let Statement {
            sentinel, primary, ..
        } = one;
        let doubt = if *is_believed {
            ""
        } else {
            ", which is not believed"
        };
        let unknown = if let Replicas::Refused = one.replicas {
            ", and does not say which replicas it knows; let its user call `+sentinel|replicas`"
        } else {
            ""
        };
        format!("{sentinel} names {}{doubt}{unknown}", primary.address)
    };
    let all: Vec<String> = statements.iter().zip(&believed).map(says).collect();
    let stays = in_use.map_or_else(String::new, |in_use| {
        format!("; {} is in use", in_use.address)
    });
    if let [alone] = statements {
        return Some(format!(
            "of the sentinels of `{}` only {} answers, and does not know the primary in use ({}){stays}; check the \
            others",
            printable(service),
            alone.sentinel,
            all.join("; "),
        ));
    }
    Some(format!(
        "the sentinels of `{}` name primaries that do not belong together ({}){stays}; remove \
         sentinels of another deployment from `sentinels`, or give the services different names",
        printable(service),
        all.join("; "),
    ))
}

#[cfg(test)]
mod tests;
