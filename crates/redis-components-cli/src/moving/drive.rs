//! From where a move stands to where it is to be, one step after the other.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::attach::{Replication, attach};
use super::closed;
use super::commit_checks::demand_committable;
use super::cut::{cut, give_writes_back, take_over};
use super::fence;
use super::last_checks::{demand_fit, demand_listed};
use super::lease::Lease;
use super::link::Link;
use super::others::others;
use super::ready::{Data, LIVES};
use super::record::Record;
use super::sight::Sight;
use super::state::State;
use super::stood::Stood;
use super::way::Way;
use crate::failure::{Code, Failure};
use crate::interrupt::Stage;
use crate::lines::warn;
use crate::session::Session;
use crate::steps::Steps;

/// How often the progress of a copy is looked at.
const LOOKED_EVERY: Duration = Duration::from_millis(50);
/// How long an interrupted cut waits for what the target does not have, before it is begun anew.
const BEHIND_FENCE: Duration = Duration::from_millis(300);

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
        let mut begun = Instant::now();
        let component = self.record.component.clone();
        let mut prepared: Option<(Way, String)> = None;
        let mut known_otherwise: Option<Instant> = None;
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
                }
                State::Copying => {
                    if begun.elapsed() > self.timeout {
                        return Err(sight.not_synced(&component));
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
                        Some((way, run)) if sight.target.run() == Some(run) => {
                            if !self.cut(&mut sight, *way, lease).await? {
                                let lost = sight.lost_link(&component);
                                if begun.elapsed() > self.timeout {
                                    return Err(lost);
                                }
                                self.tell_not_cut(&lost);
                                sleep(LOOKED_EVERY).await;
                            }
                        }
                        // A target that was started again since takes no refused write by the candidate.
                        _ => {
                            let (source, target) = sight.links()?;
                            let way = Way::of(source).await?;
                            let is_first = prepared.is_none();
                            prepared = Some((way, self.prepare(way, target, lease).await?));
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
                        sight.follow_target().await?;
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

    /// Lets the target take over. Returns `false` if it has lost its link to the source, so that nothing
    /// has moved. An interrupt waits for the end of a cut behind a fence.
    async fn cut(&mut self, sight: &mut Sight, way: Way, lease: &Lease) -> Result<bool, Failure> {
        let stage = self.session.stage.get();
        if way == Way::Fence {
            self.session.stage.set(Stage::Cutting);
        }
        let done = self.cut_by(sight, way, lease).await;
        self.session.stage.set(stage);
        done
    }

    async fn cut_by(
        &mut self,
        sight: &mut Sight,
        way: Way,
        lease: &Lease,
    ) -> Result<bool, Failure> {
        let (source, target) = sight.links()?;
        self.steps.goes_on("cut", &sight.shown());
        self.demand_left_by_all(source).await?;
        demand_committable(self.session, &self.record).await?;
        demand_fit(&self.record, source, target).await?;
        closed::demand_takes_writes_alone(target).await?;
        let replicas = source.replication().await?.replicas;
        if let Some(at) = sight.target.among(&replicas).await {
            demand_listed(at, target, sight.target.run()).await?;
        }
        let before = match way {
            Way::Failover => None,
            Way::Fence => Some(fence::before(source).await?),
        };
        let stood = Stood::of(&source.replication().await?);
        self.session
            .note_cut(&mut self.record, stood, before)
            .await?;
        let held = match way {
            Way::Failover => cut(self.session, &self.record, sight, lease)
                .await
                .map(|held| held.map(|held| (held, Ok(())))),
            Way::Fence => fence::cut(self.session, &mut self.record, sight, lease).await,
        };
        let (held, followed) = match held {
            Ok(Some(done)) => done,
            Ok(None) => {
                sight.look(self.session, &self.record).await?;
                if sight.state.is_uncut() {
                    self.session.note_uncut(&mut self.record, None).await?;
                }
                return Ok(false);
            }
            Err(failure) => {
                // A copy that both servers still call one has nothing that is new.
                let mut looked = sight.look(self.session, &self.record).await;
                // What the target was told last may still be on its way.
                let may_take_over = failure.code == Code::OutcomeUnknown;
                if looked.is_ok()
                    && sight.state == State::Fenced
                    && !may_take_over
                    && lease.demand().is_ok()
                {
                    // Over another connection, if the first was lost.
                    sight.reopen_source(&self.record).await?;
                    looked = sight.look(self.session, &self.record).await;
                }
                // Otherwise the next command asks a person more often than it must.
                if looked.is_ok() && sight.state.is_before_cut() {
                    let _ = self.session.note_uncut(&mut self.record, None).await;
                } else if way == Way::Fence && !may_take_over {
                    let fence = self.record.fence.clone();
                    let _ = self.session.note_uncut(&mut self.record, fence).await;
                }
                return Err(failure);
            }
        };
        self.held = Some(held);
        let data = json!({"held_ms": milliseconds(held), "way": way});
        self.steps.done(&data);
        if let Err(failure) = followed {
            // If the old server starts again, it takes writes, and only the configs keep callers away.
            lease.demand()?;
            self.commit(sight).await?;
            sight.look(self.session, &self.record).await?;
            if !matches!(sight.state, State::Committed | State::Gone) {
                return Err(failure);
            }
        }
        Ok(true)
    }

    /// Lets the configs name the target.
    async fn commit(&self, sight: &Sight) -> Result<(), Failure> {
        let reason = format!("data moved from {}", sight.source.place.address());
        self.steps.begin("commit", &json!({}));
        self.session.commit_move(&self.record, &reason).await?;
        self.steps.done(&json!({}));
        Ok(())
    }

    /// Goes on with a cut that was interrupted while the source refused writes: the target takes over
    /// if it has all of them, and otherwise the source takes writes again.
    async fn go_on_behind_fence(&mut self, sight: &Sight, lease: &Lease) -> Result<(), Failure> {
        if let Some(heir) = sight.heir() {
            fence::demand(lease)?;
            return fence::promote(heir).await.map(drop);
        }
        let (source, target) = sight.links()?;
        let has_all =
            !sight.source.is_primary() && fence::has_all(source, target, BEHIND_FENCE).await?;
        fence::demand(lease)?;
        if !has_all {
            closed::reopen(source, &self.record).await?;
            self.tell_not_cut(&sight.not_cut());
            // The target does not take over before the source is its replica, or nobody's.
            return self.session.note_uncut(&mut self.record, None).await;
        }
        let servers = (source, target);
        match fence::take_over(self.session, &mut self.record, servers, lease).await {
            Err(failure) if failure.code == Code::NotReady => {
                fence::demand(lease)?;
                closed::reopen(source, &self.record).await?;
                Err(failure)
            }
            done => done.map(drop),
        }
    }

    /// A cut that did not succeed is begun anew, so the step goes on.
    fn tell_not_cut(&self, failure: &Failure) {
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

    /// A component that has come to the source since the checks would be left behind, read-only.
    async fn demand_left_by_all(&self, source: &Link) -> Result<(), Failure> {
        let component = &*self.record.component;
        let Some(others) = others(self.session, &self.record, &[&source.place]).await? else {
            return Ok(());
        };
        let server = source.place.address();
        let advice = others.advice(
            "set their configs to another server, or give up with `--abort` and name them with --with",
        );
        let text = format!(
            "{server} has the data of {others} too, which would be left behind; nothing has moved; {advice}"
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
        let waiting = session.wait_until_ready(record, self.timeout, self.ignores_silent, tell);
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

/// Returns a time in milliseconds, to a tenth.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}
