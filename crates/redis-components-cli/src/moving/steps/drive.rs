//! From where a move stands to where it is to be, one step after the other.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::failure::{Code, Failure};
use crate::lines::warn;
use crate::moving::records::lease::Lease;
use crate::moving::records::record::Record;
use crate::moving::servers::attach::{Replication, attach};
use crate::moving::servers::link::Link;
use crate::moving::servers::way::Way;
use crate::moving::standing::closed;
use crate::moving::standing::others::others;
use crate::moving::standing::sight::Sight;
use crate::moving::standing::state::State;
use crate::moving::steps::cut::{give_writes_back, take_over};
use crate::moving::steps::ready::{Data, LIVES};
use crate::session::Session;
use crate::steps::Steps;

/// How often the progress of a copy is looked at.
const LOOKED_EVERY: Duration = Duration::from_millis(50);

/// How long a source may list a target that is in step by an address that nobody knows, before the
/// command says so. Two looks at two servers are not of the same moment.
const KNOWN_WITHIN: Duration = Duration::from_secs(1);

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
    /// What was begun, as it is on the config server now.
    pub(crate) record: Record,
    /// The logins, or why there are none. Only a move that attaches needs them.
    pub(crate) replication: Result<Replication, Failure>,
    pub(crate) until: Until,
    pub(crate) timeout: Duration,
    pub(crate) ignores_silent: bool,
    pub(crate) steps: &'a Steps,
    /// How long writes were held, if there was a cut.
    pub(crate) held: Option<Duration>,
}

impl Drive<'_> {
    /// Takes one step after the other. Returns where the move stands then.
    ///
    /// # Errors
    ///
    /// Returns why a step cannot be taken. The move stays where it is.
    pub(crate) async fn run(&mut self, lease: &Lease) -> Result<Sight, Failure> {
        let failure = match self.take_steps(lease).await {
            Err(failure) if failure.code == Code::MustDecide => failure,
            done => return done,
        };
        // If a config was changed, both servers say which of them has the data.
        match Sight::of(self.session, &self.record).await {
            Err(seen) if seen.code == Code::MustDecide => Err(seen),
            _ => Err(failure),
        }
    }

    async fn take_steps(&mut self, lease: &Lease) -> Result<Sight, Failure> {
        let mut begun = Instant::now();
        let component = self.record.component.clone();
        let mut prepared: Option<(Way, String, Instant)> = None;
        let mut known_otherwise: Option<Instant> = None;
        let mut attached: Option<Instant> = None;
        let mut sight = Sight::of(self.session, &self.record).await?;
        loop {
            lease.demand()?;
            known_otherwise = match known_otherwise {
                _ if !sight.is_known_otherwise() => None,
                Some(since) if since.elapsed() > KNOWN_WITHIN => {
                    return Err(sight.not_synced(&component));
                }
                since => since.or_else(|| Some(Instant::now())),
            };
            match sight.state {
                State::Planned => {
                    let (source, target) = sight.links()?;
                    self.demand_unused(target).await?;
                    sight.demand_no_other_data(&component)?;
                    let replication = self.replication.as_ref().map_err(Clone::clone)?;
                    self.steps.begin("attach", &sight.shown());
                    attach(source, target, replication).await?;
                    attached = Some(Instant::now());
                }
                State::Copying => {
                    if begun.elapsed() > self.timeout {
                        return Err(match attached {
                            Some(at) => sight.not_copied(&component, at.elapsed()),
                            None => sight.not_synced(&component),
                        });
                    }
                    self.steps.goes_on("attach", &sight.shown());
                    sleep(LOOKED_EVERY).await;
                }
                State::Synced => {
                    self.steps.ends("attach", &sight.shown());
                    if self.until == Until::Synced {
                        return Ok(sight);
                    }
                    match &prepared {
                        Some((way, run, at))
                            if sight.target.run() == Some(run) && at.elapsed() < LIVES / 2 =>
                        {
                            if !self.cut(&mut sight, *way, lease).await? {
                                let lost = sight.lost_link(&component);
                                if begun.elapsed() > self.timeout {
                                    return Err(lost);
                                }
                                self.tell_not_cut(&lost);
                                sleep(LOOKED_EVERY).await;
                            }
                        }
                        // A candidate that has ended, or is for an earlier run of the target, takes no
                        // refused write.
                        _ => {
                            let (source, target) = sight.links()?;
                            let way = Way::of(source).await?;
                            let is_first = prepared.is_none();
                            let run = self.prepare(way, target, lease).await?;
                            prepared = Some((way, run, Instant::now()));
                            if self.until == Until::Prepared {
                                return Ok(sight);
                            }
                            // The fleet may have taken all of the time until here.
                            if is_first {
                                begun = Instant::now();
                            }
                        }
                    }
                }
                State::Cutting | State::HandingOver => {
                    let (source, target) = sight.links()?;
                    let asking = target.place.connect().await.ok();
                    let links = (source, target);
                    self.steps.goes_on("cut", &sight.shown());
                    if !take_over(self.session, &self.record, links, asking.as_ref()).await? {
                        self.tell_not_cut(&sight.not_cut());
                    }
                }
                State::Fenced => {
                    self.steps.goes_on("cut", &sight.shown());
                    self.go_on_behind_fence(&sight, lease).await?;
                }
                State::TakenOver => {
                    self.steps.goes_on("cut", &sight.shown());
                    if sight.heir().is_some() {
                        warn(&sight.goes_on_alone());
                        self.commit(&sight).await?;
                    } else {
                        // Its role keeps writes away, and nobody would take the fence away later.
                        closed::lift(sight.links()?.0, &self.record).await?;
                        sight.follow_target(&self.record).await?;
                    }
                }
                State::Cut => {
                    self.steps.done(&sight.shown());
                    // A server remembers its fence too.
                    closed::lift(sight.links()?.0, &self.record).await?;
                    self.commit(&sight).await?;
                }
                State::Committed | State::Gone => return Ok(sight),
                State::Split => return Err(sight.must_decide(&component)),
                State::Loading | State::Refusing | State::Unreachable => {
                    give_writes_back(self.session, &mut self.record, &sight).await?;
                    // As it is now: the source may take writes again.
                    sight.look(self.session, &self.record).await?;
                    if let Some(failure) = sight.lacks(&component) {
                        return Err(failure);
                    }
                    if sight.state.is_unseen() {
                        if !sight.is_passing() || begun.elapsed() > self.timeout {
                            return Err(sight.not_synced(&component));
                        }
                        // It may stand behind any step.
                        self.steps.progress(&sight.shown());
                        sleep(LOOKED_EVERY).await;
                    }
                }
            }
            sight.look(self.session, &self.record).await?;
        }
    }

    /// Lets the configs name the target.
    pub(crate) async fn commit(&self, sight: &Sight) -> Result<(), Failure> {
        let reason = format!("data moved from {}", sight.source.place.address());
        self.steps.begin("commit", &json!({}));
        self.session.commit_move(&self.record, &reason).await?;
        self.steps.done(&json!({}));
        Ok(())
    }

    /// A cut that did not succeed is begun anew, so the step goes on.
    pub(crate) fn tell_not_cut(&self, failure: &Failure) {
        self.steps.progress(&json!(failure.shown()));
        warn(&failure.message);
    }

    /// Another move may have brought data to the target since the checks.
    async fn demand_unused(&self, target: &Link) -> Result<(), Failure> {
        let component = &*self.record.component;
        let Some(others) = others(self.session, &self.record, &[&target.place]).await? else {
            return Ok(());
        };
        let server = target.place.address();
        let text = format!(
            "{server} is for the data of {others}, which would be lost; `{component}` has not moved; \
            give up with `--abort`, and use another server"
        );
        let failure = Failure::new(Code::NotPossible, text);
        Err(failure.of_component(component).at(&server))
    }

    /// Offers the candidates, and waits until they are ready. Returns the run of the target that has the
    /// copy.
    async fn prepare(&self, way: Way, target: &Link, lease: &Lease) -> Result<String, Failure> {
        self.steps.begin("prepare", &json!({"id": self.record.id}));
        // Seen over the connection over which it was seen to be in step.
        let run = target.see().await?.run_id;
        let data = Data::Same(way, run.clone());
        let (session, record) = (self.session, &self.record);
        session.offer(record, &data, LIVES).await?;
        let tell = |readiness: &_| self.steps.progress(&json!(readiness));
        let limits = (self.timeout, self.ignores_silent);
        let stays = async || session.is_committed(record).await.map(drop);
        let waiting = session.wait_until_ready(record, limits, tell, stays);
        let waiting = session.keep_offered(record, &data, LIVES, waiting);
        let ready = lease.during(waiting).await.map_err(|mut failure| {
            let hint = "; nothing has moved; go on with `--resume`, or give up with `--abort`";
            failure.message.push_str(hint);
            failure
        })?;
        self.steps.done(&json!(ready));
        Ok(run)
    }
}
