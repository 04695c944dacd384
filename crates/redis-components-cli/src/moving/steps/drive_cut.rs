//! The step of a move in which the target takes over, whichever way it goes.

use std::time::Duration;

use serde_json::json;

use crate::failure::{Code, Failure};
use crate::interrupt::Stage;
use crate::moving::preflight::config_role::{Harm, Movers};
use crate::moving::preflight::config_server::demand_committable;
use crate::moving::preflight::fence::before;
use crate::moving::preflight::target::{demand_fit, demand_listed};
use crate::moving::records::lease::Lease;
use crate::moving::servers::link::Link;
use crate::moving::servers::way::Way;
use crate::moving::standing::closed;
use crate::moving::standing::others::others;
use crate::moving::standing::sight::Sight;
use crate::moving::standing::state::State;
use crate::moving::steps::cut::cut;
use crate::moving::steps::drive::Drive;
use crate::moving::steps::fence;
use crate::time::milliseconds;

/// How long an interrupted cut waits for what the target does not have, before it is begun anew.
const BEHIND_FENCE: Duration = Duration::from_millis(300);

impl Drive<'_> {
    /// Lets the target take over. Returns `false` if it has lost its link to the source, so that nothing
    /// has moved. An interrupt waits for the end of a cut behind a fence.
    pub(crate) async fn cut(
        &mut self,
        sight: &mut Sight,
        way: Way,
        lease: &Lease,
    ) -> Result<bool, Failure> {
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
        let movers = Movers {
            source: sight.source.seen.as_slice(),
            target: sight.target.seen.as_slice(),
            harm: Harm::Replicates,
        };
        demand_committable(self.session, &self.record, &movers).await?;
        demand_fit(&self.record, source, target).await?;
        closed::demand_takes_writes_alone(target).await?;
        let replication = source.replication().await?;
        let listed = sight.target.among(&replication.replicas).await;
        if let Some(at) = listed {
            demand_listed(at, target, sight.target.run()).await?;
        }
        let before = match way {
            Way::Failover => None,
            Way::Fence => Some(before(source).await?),
        };
        let replication = source.replication().await?;
        self.session
            .note_cut(&mut self.record, &replication, listed, before)
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
                if way == Way::Fence {
                    // Nobody may have waited for the last note. What fails says so below.
                    let _ = self.session.renew().await;
                }
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
                let is_uncut = looked.is_ok() && sight.state.is_before_cut();
                if !is_uncut && (way == Way::Failover || may_take_over) {
                    return Err(failure);
                }
                let fence = self.record.fence.clone().filter(|_| !is_uncut);
                return Err(self.taken_back(fence, failure).await);
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

    /// Goes on with a cut that was interrupted while the source refused writes: the target takes over
    /// if it has all of them, and otherwise the source takes writes again.
    pub(crate) async fn go_on_behind_fence(
        &mut self,
        sight: &Sight,
        lease: &Lease,
    ) -> Result<(), Failure> {
        if let Some(heir) = sight.heir() {
            fence::demand(lease)?;
            return fence::promote(heir).await.map(drop);
        }
        let (source, target) = sight.links()?;
        let has_all = if sight.source.is_primary() {
            Ok(false)
        } else {
            fence::has_all(source, target, BEHIND_FENCE).await
        };
        fence::demand(lease)?;
        if matches!(has_all, Ok(false)) {
            closed::reopen(source, &self.record).await?;
            self.tell_not_cut(&sight.not_cut());
            // The target does not take over before the source is its replica, or nobody's.
            return self.session.note_uncut(&mut self.record, None).await;
        }
        let servers = (source, target);
        let taken_over = match has_all {
            Ok(_) => fence::take_over(self.session, &mut self.record, servers, lease).await,
            Err(failure) => Err(failure),
        };
        match taken_over {
            Ok(_) => Ok(()),
            // The target may take over, or another command has decided otherwise.
            Err(failure) if [Code::OutcomeUnknown, Code::WrongState].contains(&failure.code) => {
                Err(failure)
            }
            Err(failure) => {
                fence::demand(lease)?;
                closed::reopen(source, &self.record).await?;
                // Nobody may have waited for the last note. What fails says so below.
                let _ = self.session.renew().await;
                let fence = self.record.fence.clone();
                Err(self.taken_back(fence, failure).await)
            }
        }
    }

    /// Notes that the source takes writes again, because a later command would go by the note of its end.
    /// Returns the failure of the cut, which says so if the note is not taken.
    async fn taken_back(&mut self, fence: Option<String>, mut failure: Failure) -> Failure {
        let noting = self.session.note_taken_back(&mut self.record, fence);
        if let Err(why) = noting.await {
            failure.message = format!(
                "{}; the record of the move still says that the new server may take over, because the config \
                server does not take the note that it does not: {}; go on with `--resume` or `--abort` while \
                both servers run",
                failure.message, why.message
            );
        }
        failure
    }

    /// A component that has come to the source since the checks would be left behind, read-only.
    async fn demand_left_by_all(&self, source: &Link) -> Result<(), Failure> {
        let component = &*self.record.component;
        let Some(others) = others(self.session, &self.record, &[&source.place]).await? else {
            return Ok(());
        };
        let server = source.place.address();
        // A move that goes back cannot begin anew with others.
        let advice = others.advice(if self.record.is_back {
            "set their configs to another server first, and go on with `--resume`"
        } else {
            "set their configs to another server, or give up with `--abort` and name them with --with"
        });
        let text = format!(
            "{server} has the data of {others} too, which would be left behind; nothing has moved; {advice}"
        );
        let failure = Failure::new(Code::NotPossible, text);
        Err(failure.of_component(component).at(&server))
    }
}
