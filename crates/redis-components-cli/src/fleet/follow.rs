//! Waiting until a fleet follows a config.

use std::time::Duration;

use redis::{PushInfo, PushKind, Value};
use redis_components::ComponentConfig;
use redis_components::receipts::KEY_PREFIX;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, timeout_at};

use super::counts::Wanted;
use super::listening::{gone, open, refuses_login, silent_for};
use super::progress::{Progress, Teller};
use super::receipts::Receipts;
use super::row::Row;
use super::silent::{Silent, silent};
use super::standing::Standing;
use crate::clients::Client;
use crate::context::Context;
use crate::disabled::is_disabled;
use crate::failure::{Code, Failure};
use crate::lines::warn;
use crate::place::Place;
use crate::session::Session;
use crate::subject::{invalid, utf8};

/// All receipts are read again as often, whatever is pushed.
const REREAD: Duration = Duration::from_secs(1);
/// Pushes within this time are answered by one read.
const GATHER: Duration = Duration::from_millis(5);
/// How long a process may refuse a config that it cannot read, before this counts as the newest.
const UNREAD: Duration = Duration::from_secs(2);
/// How long connections to the old server are waited for when all processes follow.
const DRAIN: Duration = Duration::from_secs(5);
/// The pause before the next attempt to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// What is waited for.
#[derive(Debug)]
pub(crate) struct Goal<'a> {
    /// The command that waits.
    pub(crate) command: &'static str,
    pub(crate) component: &'a str,
    /// By default the digest of the config that is there.
    pub(crate) digest: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) ignores_silent: bool,
}

/// How waiting has ended, and how the fleet stood then.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) end: End,
    pub(crate) digest: String,
    pub(crate) standing: Standing,
    /// `None` if the config server does not list its clients.
    pub(crate) silent: Option<Vec<Silent>>,
    pub(crate) took: Duration,
    /// Why the config server did not say how the fleet stands at the end.
    pub(crate) lost: Option<Failure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Followed,
    Refused,
    TimedOut,
}

/// Waits until all processes run the config, one refuses it, or time is over.
///
/// # Errors
///
/// Returns an error if there is no such config, or another one takes its place.
pub(crate) async fn follow(context: &Context, goal: Goal<'_>) -> Result<Ended, Failure> {
    let began = Instant::now();
    let deadline = began + goal.timeout;
    let place = Place::find(&context.global)?;
    let (mut session, mut pushes) = listen(&place, context).await?;
    // Other commands have said so of their own connection.
    if goal.command == "wait" {
        session.warn_of_skipped();
    }
    let wanted = wanted(&session, &goal).await?;
    let mut teller = Teller::new(goal.command, context.global.output);
    let mut fleet = Fleet {
        goal,
        wanted,
        receipts: Receipts::new(&session.names.prefix),
        clients: None,
        due: began,
        unread_since: None,
        whole_since: None,
    };
    // However short the time: to say how the fleet stands, it is looked at once.
    fleet.read_all(&session).await?;
    let mut lost = None;
    let end = loop {
        match timeout_at(deadline, fleet.watch(&session, &mut pushes, &mut teller)).await {
            Ok(Ok(end)) => break end,
            Ok(Err(failure)) if failure.code == Code::ConfigServerUnreachable => {
                warn(&failure.message);
                lost = Some(failure);
            }
            Ok(Err(failure)) => return Err(failure),
            Err(_) => {
                let late = Instant::now().saturating_duration_since(fleet.due);
                lost = (late > REREAD).then(|| silent_for(&session, late));
                break fleet.last();
            }
        }
        let again = async {
            loop {
                sleep(PAUSE).await;
                match listen(&place, context).await {
                    // Whoever may no longer log in waits in vain.
                    Err(failure) if refuses_login(&failure) => return Err(failure),
                    Err(failure) => lost = Some(failure),
                    opened => return opened,
                }
            }
        };
        match timeout_at(deadline, again).await {
            Ok(opened) => {
                let before = session.server;
                (session, pushes) = opened?;
                lost = None;
                if session.server != before {
                    session.warn_of_skipped();
                }
                fleet.due = Instant::now();
            }
            Err(_) => break fleet.last(),
        }
    };
    let standing = fleet.standing();
    teller.end(&Progress {
        code: match end {
            End::Followed => None,
            // A move has happened, whoever refuses its config.
            End::Refused if fleet.goal.command != "move" => Some(Code::ProcessRefused),
            End::Refused | End::TimedOut => Some(Code::NotFollowed),
        },
        ..fleet.progress(&standing)
    });
    Ok(Ended {
        end,
        silent: fleet.silent(),
        digest: fleet.wanted.digest,
        standing,
        took: began.elapsed(),
        lost,
    })
}

async fn listen(
    place: &Place,
    context: &Context,
) -> Result<(Session, UnboundedReceiver<PushInfo>), Failure> {
    open(place, context, |_| vec![KEY_PREFIX.to_owned()], "receipts").await
}

/// Returns the digest of the config that is there.
async fn wanted(session: &Session, goal: &Goal<'_>) -> Result<Wanted, Failure> {
    let Goal {
        component, digest, ..
    } = goal;
    let bytes = session.config_of(component).await?;
    let current = session.digest_of(Some(&bytes));
    if let Some(digest) = digest
        && *digest != current
    {
        return Err(superseded(session, component, digest, &current));
    }
    if let Some(failure) = invalid(component, &utf8(bytes, component)?) {
        return Err(failure.of_component(component).at(&session.server));
    }
    Ok(Wanted {
        digest: current,
        canary: None,
    })
}

fn superseded(session: &Session, component: &str, digest: &str, current: &str) -> Failure {
    let text = format!(
        "the config of `{component}` has the digest {current} and not {digest}; look at it with \
        `history {component}`"
    );
    Failure::new(Code::DigestDiffers, text)
        .of_component(component)
        .at(&session.server)
}

struct Fleet<'a> {
    goal: Goal<'a>,
    wanted: Wanted,
    receipts: Receipts,
    /// The clients of the config server, and which of them is this program.
    clients: Option<(Vec<Client>, u64)>,
    /// When all receipts are read again.
    due: Instant,
    unread_since: Option<Instant>,
    whole_since: Option<Instant>,
}

impl Fleet<'_> {
    /// Follows receipts until they say how it ends.
    async fn watch(
        &mut self,
        session: &Session,
        pushes: &mut UnboundedReceiver<PushInfo>,
        teller: &mut Teller,
    ) -> Result<End, Failure> {
        loop {
            if Instant::now() >= self.due {
                self.read_all(session).await?;
            }
            let standing = self.standing();
            teller.tell(&self.progress(&standing));
            if let Some(end) = self.judge(&standing) {
                return Ok(end);
            }
            if let Ok(pushed) = timeout_at(self.due, pushes.recv()).await {
                let Some(first) = pushed else {
                    return Err(gone(session));
                };
                sleep(GATHER).await;
                let mut pushed = vec![first];
                while let Ok(push) = pushes.try_recv() {
                    pushed.push(push);
                }
                self.read_some(session, pushed).await?;
            }
        }
    }

    async fn read_all(&mut self, session: &Session) -> Result<(), Failure> {
        let component = self.goal.component;
        let bytes = session.read(&session.names.key(component)).await?;
        let current = session.digest_of(bytes.as_deref());
        if current != self.wanted.digest {
            let digest = &self.wanted.digest;
            return Err(superseded(session, component, digest, &current));
        }
        // Without its salt no digest can be compared.
        let control = session.strict_control().await?;
        let config = bytes
            .as_deref()
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        let config = config.and_then(|text| ComponentConfig::from_json(text).ok());
        let is_disabled = config.as_ref().is_some_and(is_disabled);
        self.wanted.canary = session.canary(&control, component, is_disabled);
        self.receipts = session.receipts(Some(component)).await?;
        self.clients = match session.clients().await {
            Ok(clients) => Some(clients),
            Err(failure) if failure.code == Code::NoRights && self.goal.ignores_silent => None,
            Err(failure) => return Err(failure),
        };
        self.due = Instant::now() + REREAD;
        Ok(())
    }

    /// Reads the receipts that have changed.
    async fn read_some(&mut self, session: &Session, pushes: Vec<PushInfo>) -> Result<(), Failure> {
        let mut members = Vec::new();
        for push in pushes {
            match (push.kind, push.data.first()) {
                (PushKind::Disconnection, _) => return Err(gone(session)),
                (PushKind::Invalidate, Some(Value::Array(keys))) => {
                    let keys = keys.iter().filter_map(|key| match key {
                        Value::BulkString(key) => std::str::from_utf8(key).ok(),
                        _ => None,
                    });
                    let found = keys.filter_map(|key| key.strip_prefix(KEY_PREFIX));
                    members.extend(found.map(str::to_owned));
                }
                // The database was emptied.
                (PushKind::Invalidate, _) => self.due = Instant::now(),
                _ => {}
            }
        }
        members.sort_unstable();
        members.dedup();
        let component = Some(self.goal.component);
        for (member, said) in session.receipts_of(&members, component).await? {
            self.receipts.note(member, said);
        }
        Ok(())
    }

    fn standing(&self) -> Standing {
        Standing::of(&self.receipts, self.goal.component, &self.wanted)
    }

    fn silent(&self) -> Option<Vec<Silent>> {
        let (clients, own) = self.clients.as_ref()?;
        Some(silent(clients, *own, &self.receipts))
    }

    fn follows(&self, standing: &Standing) -> bool {
        let is_heard =
            standing.unreadable.is_empty() && self.silent().is_some_and(|silent| silent.is_empty());
        standing.is_whole() && (is_heard || self.goal.ignores_silent)
    }

    fn judge(&mut self, standing: &Standing) -> Option<End> {
        let now = Instant::now();
        if !standing.refused.is_empty() {
            return Some(End::Refused);
        }
        let is_unread = !standing.unread.is_empty();
        if lasts(&mut self.unread_since, is_unread, now, UNREAD) {
            return Some(End::Refused);
        }
        let follows = self.follows(standing);
        let is_over = lasts(&mut self.whole_since, follows, now, DRAIN);
        (is_over || (follows && standing.old_connections == 0)).then_some(End::Followed)
    }

    /// Returns how it ends when time is over.
    fn last(&self) -> End {
        if self.follows(&self.standing()) {
            End::Followed
        } else {
            End::TimedOut
        }
    }

    fn progress<'a>(&'a self, standing: &Standing) -> Progress<'a> {
        Progress {
            component: self.goal.component,
            digest: &self.wanted.digest,
            following: standing.following,
            expected: standing.expected,
            refused: standing.refused.len() + standing.unread.len(),
            silent: self.silent().map(|silent| silent.len()),
            unreadable: standing.unreadable.len(),
            old_connections: standing.old_connections,
            code: None,
        }
    }
}

/// Returns `true` if something has been so for long enough.
fn lasts(since: &mut Option<Instant>, is_so: bool, now: Instant, long: Duration) -> bool {
    if !is_so {
        *since = None;
        return false;
    }
    now.duration_since(*since.get_or_insert(now)) >= long
}

impl Ended {
    /// Returns the processes that refuse the config, as rows.
    pub(crate) fn refused(&self) -> impl Iterator<Item = &Row> {
        self.standing.refused.iter().chain(&self.standing.unread)
    }
}
