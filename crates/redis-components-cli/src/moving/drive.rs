//! From where a move stands to where it is to be, one step after the other.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::attach::{Replication, attach};
use super::cut::{cut, take_over};
use super::lease::Lease;
use super::link::{Link, Place};
use super::record::Record;
use super::seen::{Seen, Shown};
use super::state::{State, View};
use crate::failure::{Code, Failure};
use crate::options::Format;
use crate::output::{event, say, warn, write_whole};
use crate::session::Session;

/// How often the progress of a copy is looked at.
const LOOKED_EVERY: Duration = Duration::from_millis(50);

/// Where a move is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    Synced,
    Prepared,
    Committed,
}

/// What a command does with a move.
pub(crate) struct Drive<'a> {
    pub(crate) session: &'a Session,
    pub(crate) record: &'a Record,
    pub(crate) replication: Replication,
    pub(crate) until: Until,
    pub(crate) timeout: Duration,
    pub(crate) ignores_silent: bool,
    pub(crate) format: Format,
    /// How long writes were held, if there was a cut.
    pub(crate) held: Option<Duration>,
}

/// Both servers, as far as they answer, and where the move stands.
pub(crate) struct Sight {
    pub(crate) source_place: Place,
    pub(crate) target_place: Place,
    source: Option<Link>,
    target: Option<Link>,
    source_seen: Option<Seen>,
    target_seen: Option<Seen>,
    pub(crate) state: State,
}

impl Sight {
    /// Looks at both servers and at the configs.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not answer, or its configs are others.
    pub(crate) async fn of(session: &Session, record: &Record) -> Result<Self, Failure> {
        let (source_place, target_place) = (record.source()?, record.target()?);
        // A server that does not answer is a state of its own.
        let source = source_place.connect().await.ok();
        let target = target_place.connect().await.ok();
        let source_seen = match &source {
            Some(link) => link.see().await.ok(),
            None => None,
        };
        let target_seen = match &target {
            Some(link) => link.see().await.ok(),
            None => None,
        };
        let view = View {
            source: source_seen.as_ref(),
            source_port: source_place.port,
            target: target_seen.as_ref(),
            target_port: target_place.port,
            is_committed: session.is_committed(record).await?,
            may_be_cut: record.may_be_cut,
        };
        Ok(Self {
            state: view.state(),
            source_place,
            target_place,
            source,
            target,
            source_seen,
            target_seen,
        })
    }

    /// # Errors
    ///
    /// Returns an error if a server does not answer.
    pub(crate) fn links(&self) -> Result<(&Link, &Link), Failure> {
        match (&self.source, &self.target) {
            (Some(source), Some(target)) => Ok((source, target)),
            (None, _) => Err(unreachable(&self.source_place)),
            (_, None) => Err(unreachable(&self.target_place)),
        }
    }

    pub(crate) fn shown(&self) -> Value {
        let source = Shown::new(&self.source_place.address(), self.source_seen.as_ref());
        let target = Shown::new(&self.target_place.address(), self.target_seen.as_ref());
        json!({"state": self.state, "source": source, "target": target})
    }

    /// Returns the failure of a move that no command can carry on.
    pub(crate) fn must_decide(&self, component: &str) -> Failure {
        let offset = |seen: &Option<Seen>| {
            seen.as_ref().map_or_else(
                || "does not answer".to_owned(),
                |seen| {
                    let role = if seen.is_primary() {
                        "primary"
                    } else {
                        "replica"
                    };
                    format!("{role}, offset {}, {} keys", seen.offset, seen.keys)
                },
            )
        };
        let text = format!(
            "a person must decide about the move of `{component}`: {} ({}), {} ({}); let one of them \
            follow the other with REPLICAOF, and set the config to the one that keeps the data",
            self.source_place.address(),
            offset(&self.source_seen),
            self.target_place.address(),
            offset(&self.target_seen),
        );
        Failure::new(Code::MustDecide, text).of_component(component)
    }
}

fn unreachable(place: &Place) -> Failure {
    let address = place.address();
    let text = format!("{address} does not answer; start it again, and go on with `--resume`");
    Failure::new(Code::ServerUnreachable, text).at(&address)
}

impl Drive<'_> {
    /// Takes one step after the other. Returns where the move stands then.
    ///
    /// # Errors
    ///
    /// Returns why a step cannot be taken. The move stays where it is.
    pub(crate) async fn run(&mut self, lease: &Lease) -> Result<Sight, Failure> {
        let begun = Instant::now();
        let component = &*self.record.component;
        let mut is_prepared = false;
        loop {
            lease.demand()?;
            let sight = Sight::of(self.session, self.record).await?;
            match sight.state {
                State::Planned => {
                    let (source, target) = sight.links()?;
                    self.tell("attach", "begin", &sight.shown());
                    attach(source, target, &self.replication).await?;
                    self.tell("attach", "done", &json!({}));
                }
                State::Copying => {
                    if begun.elapsed() > self.timeout {
                        let text = format!(
                            "{} does not have a copy in time; it goes on copying: go on with `--resume`, \
                            or give up with `--abort`",
                            sight.target_place.address()
                        );
                        return Err(Failure::new(Code::NotReady, text).of_component(component));
                    }
                    self.tell("attach", "progress", &sight.shown());
                    sleep(LOOKED_EVERY).await;
                }
                State::Synced if self.until == Until::Synced => return Ok(sight),
                State::Synced if !is_prepared => {
                    self.prepare().await?;
                    is_prepared = true;
                    if self.until == Until::Prepared {
                        return Ok(sight);
                    }
                }
                State::Synced => {
                    let links = sight.links()?;
                    self.note_cut().await?;
                    self.tell("cut", "begin", &sight.shown());
                    let held = cut(self.session, self.record, links, lease).await?;
                    self.held = Some(held);
                    self.tell("cut", "done", &json!({"held_ms": milliseconds(held)}));
                }
                State::Cutting | State::HandingOver => {
                    take_over(self.session, self.record, sight.links()?).await?;
                }
                State::Cut => {
                    let reason = format!("data moved from {}", sight.source_place.address());
                    self.tell("commit", "begin", &json!({}));
                    self.session.commit_move(self.record, &reason).await?;
                    self.tell("commit", "done", &json!({}));
                }
                State::Committed | State::Gone => return Ok(sight),
                State::Split => return Err(sight.must_decide(component)),
                State::Unreachable => {
                    sight.links()?;
                    return Err(sight.must_decide(component));
                }
            }
        }
    }

    /// Notes that a cut may have been tried, before it is.
    async fn note_cut(&self) -> Result<(), Failure> {
        let known = self.session.record(&self.record.component).await?;
        let known = known.unwrap_or_else(|| self.record.clone());
        if known.may_be_cut {
            return Ok(());
        }
        let noted = Record {
            may_be_cut: true,
            ..known.clone()
        };
        self.session
            .replace_record(Some(&known), Some(&noted))
            .await
    }

    async fn prepare(&self) -> Result<(), Failure> {
        self.tell("prepare", "begin", &json!({"id": self.record.id}));
        self.session.offer(self.record).await?;
        let ready = self
            .session
            .wait_until_ready(
                self.record,
                self.timeout,
                self.ignores_silent,
                |readiness| {
                    self.tell("prepare", "progress", &json!(readiness));
                },
            )
            .await
            .map_err(|mut failure| {
                let hint = "; nothing has moved; go on with `--resume`, or give up with `--abort`";
                failure.message.push_str(hint);
                failure
            })?;
        self.tell("prepare", "done", &json!(ready));
        Ok(())
    }

    /// Lets both servers remember their roles.
    pub(crate) async fn settle(&self, sight: &Sight) {
        self.tell("settle", "begin", &json!({}));
        for link in [&sight.source, &sight.target].into_iter().flatten() {
            if let Err(failure) = link.query::<()>(&["CONFIG", "REWRITE"]).await {
                let address = link.place.address();
                warn(&format!(
                    "{address} does not remember its role: {}; do not start it again before the move \
                    is finished",
                    failure.message
                ));
            }
        }
        self.tell("settle", "done", &json!({}));
    }

    pub(crate) fn tell(&self, step: &str, state: &str, data: &Value) {
        if self.format == Format::Ndjson {
            // Who does not read on has seen what it wanted.
            let _ = write_whole(&event("move", step, state, data));
            return;
        }
        let line = match (step, state) {
            ("attach", "begin") => "copying".to_owned(),
            ("prepare", "done") => {
                format!("ready: {} of {} processes", data["ready"], data["expected"])
            }
            ("cut", "done") => format!("cut: writes were held for {} ms", data["held_ms"]),
            ("commit", "done") => "the configs name the new server".to_owned(),
            _ => return,
        };
        say(&line);
    }
}

/// Returns a time in milliseconds, to a tenth.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}
