//! Where servers announce themselves to their primary: that is where a primary goes at a cut.

use crate::moving::preflight::findings::{Checks, warn_of};
use crate::moving::servers::addresses::{Announced, OPTIONS, is_far};
use crate::moving::servers::identity::run_at;
use crate::moving::servers::link::Link;
use crate::moving::servers::seen::Seen;
use crate::text::named;

const NAME: &str = "announced address";
const ADVICE_IF_SILENT: &str = "if the other server does not reach it there either, set `replica-announce-ip` \
    and `replica-announce-port` there to the address of the config";

/// The servers that announce an address that is not known to be theirs, for people.
#[derive(Debug, Default)]
struct Found {
    /// Those at whose address another server answers.
    other: Vec<String>,
    /// Those at whose address none answers.
    silent: Vec<String>,
}

impl Found {
    async fn of(servers: &[(&Link, &Seen)]) -> Self {
        let mut found = Self::default();
        for (link, seen) in servers {
            let [host, port] = OPTIONS.map(|name| link.option(name));
            let announced = Announced::of(host.await, port.await);
            if announced == Announced::default() {
                continue;
            }
            let host = announced.host.unwrap_or_else(|| link.place.host.clone());
            let port = announced.port.unwrap_or(link.place.port);
            let said = format!("{} as {host}:{port}", link.place.address());
            let run = match is_far(&host, &link.place.host) {
                true => None,
                false => run_at(&link.place, &host, port).await,
            };
            match run {
                Some(run) if run != seen.run_id => found.other.push(said),
                Some(_) => {}
                None => found.silent.push(said),
            }
        }
        found
    }

    fn silence(&self) -> Option<String> {
        (!self.silent.is_empty()).then(|| {
            let all = named(self.silent.iter().cloned());
            format!("no server answers this command where a replica announces itself: {all}")
        })
    }
}

/// Looks whether the servers are where they tell their primary that they are.
pub(crate) async fn of_announced(checks: &mut Checks, servers: &[(&Link, &Seen)]) {
    let found = Found::of(servers).await;
    let other = (!found.other.is_empty()).then(|| {
        let all = named(found.other.iter().cloned());
        format!("another server answers where a replica announces itself: {all}")
    });
    checks.refuse(
        NAME,
        other,
        "set `replica-announce-ip` and `replica-announce-port` there to the address of the config",
    );
    checks.warn(NAME, found.silence(), ADVICE_IF_SILENT);
}

/// Warns of servers that announce an address at which none answers.
pub(crate) async fn warn_of_announced(servers: &[(&Link, &Seen)]) {
    if let Some(found) = Found::of(servers).await.silence() {
        warn_of(NAME, &found, ADVICE_IF_SILENT);
    }
}
