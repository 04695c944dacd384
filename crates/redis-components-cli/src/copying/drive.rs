//! From where a copy stands to the configs that name the target.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::compare::{Compare, compare};
use super::fence::{self, held, now};
use super::program::{Pass, Program, end_left_over, here};
use super::sight::Sight;
use crate::failure::{Code, Failure};
use crate::interrupt::Requests;
use crate::interrupt::Stage;
use crate::lines::warn;
use crate::moving::preflight::config_role::{Harm, Movers};
use crate::moving::preflight::config_server::demand_committable;
use crate::moving::records::copied::Copied;
use crate::moving::records::lease::Lease;
use crate::moving::records::record::Record;
use crate::moving::standing::state::State;
use crate::moving::steps::ready::Data;
use crate::session::Session;
use crate::steps::Steps;
use crate::time::milliseconds;

/// What a command does with a copy.
pub(crate) struct Drive<'a> {
    pub(crate) session: &'a Session,
    /// What was begun, as it is on the config server now.
    pub(crate) record: Record,
    pub(crate) program: Program<'a>,
    pub(crate) compare: Compare,
    /// Whether the program runs before the fence too.
    pub(crate) is_warm: bool,
    /// For each run of the program, and what follows it.
    pub(crate) timeout: Duration,
    pub(crate) ignores_silent: bool,
    /// How long a candidate lives that is not offered again.
    pub(crate) lives: Duration,
    pub(crate) steps: &'a Steps,
    /// How long writes were refused, and how many keys were compared.
    pub(crate) done: Option<(Duration, u64)>,
}

impl Drive<'_> {
    /// Takes one step after the other. Returns where the move stands then.
    ///
    /// # Errors
    ///
    /// Returns why a step cannot be taken. The source takes writes then, unless the error says
    /// otherwise.
    pub(crate) async fn run(&mut self, lease: &Lease) -> Result<Sight, Failure> {
        let mut sight = self.look().await?;
        if !sight.is_over() {
            let begun = self.begin(&mut sight, lease).await;
            begun.map_err(|failure| sight.behind_fence(failure))?;
        }
        if !sight.is_over() {
            let mut requests = Requests::new();
            self.fence(&sight).await?;
            self.copy(&sight, &mut requests, lease).await?;
        }
        self.look().await
    }

    /// Looks where the move stands, after a while in which the config server may have ended the
    /// connection.
    async fn look(&self) -> Result<Sight, Failure> {
        self.session.revive().await?;
        let sight = Sight::of(self.session, &self.record).await?;
        if sight.state == State::Unreachable {
            return Err(sight.unreachable());
        }
        Ok(sight)
    }

    /// Gets ready for the fence. If it is there already, nothing is waited for.
    async fn begin(&mut self, sight: &mut Sight, lease: &Lease) -> Result<(), Failure> {
        sight.sides()?;
        self.demand_no_other_program()?;
        if sight.state == State::Fenced {
            self.session
                .offer(&self.record, &Data::Copied, self.lives)
                .await?;
        } else {
            self.prepare(lease).await?;
            if self.is_warm {
                self.warm_up(sight, lease).await?;
                // Servers may have closed connections meanwhile, and the candidate ends after an hour.
                *sight = self.look().await?;
                sight.sides()?;
                self.prepare(lease).await?;
            }
        }
        lease.demand()
    }

    /// The program of a command that was killed may still write to the target.
    fn demand_no_other_program(&self) -> Result<(), Failure> {
        let note = self.record.copy.clone().unwrap_or_default();
        match note.program {
            Some(there) if there != here() => {
                let host = there.split(' ').next().unwrap_or_default();
                let text = format!(
                    "the copying program was started on {host}, and may still write to the target; go on with \
                    `--resume` there, or see that it has ended and give up with `--abort`"
                );
                let failure = Failure::new(Code::WrongState, text);
                Err(failure.of_component(&self.record.component))
            }
            _ => {
                if end_left_over(&self.record.id) > 0 {
                    warn("a copying program that was left over was ended");
                }
                Ok(())
            }
        }
    }

    async fn prepare(&self, lease: &Lease) -> Result<(), Failure> {
        self.steps.begin("prepare", &json!({"id": self.record.id}));
        let (session, data, lives) = (self.session, &Data::Copied, self.lives);
        session.offer(&self.record, data, lives).await?;
        let tell = |readiness: &_| self.steps.progress(&json!(readiness));
        let (record, silent) = (&self.record, self.ignores_silent);
        let stays = async || session.is_committed(record).await.map(drop);
        let waiting = session.wait_until_ready(record, (self.timeout, silent), tell, stays);
        let waiting = session.keep_offered(record, data, lives, waiting);
        let ready = lease.during(waiting).await.map_err(|mut failure| {
            let hint = "; nothing has moved; go on with `--resume`, or give up with `--abort`";
            failure.message.push_str(hint);
            failure
        })?;
        self.steps.done(&json!(ready));
        Ok(())
    }

    /// Runs the program while calls go on.
    async fn warm_up(&mut self, sight: &Sight, lease: &Lease) -> Result<(), Failure> {
        self.note(|note| note.program = Some(here())).await?;
        self.steps
            .begin("copy", &json!({"pass": Pass::Warm.name()}));
        let running = self.program.run(&self.record, sight.sides()?, Pass::Warm);
        let running = async {
            let ran = timeout(self.timeout, running).await;
            ran.unwrap_or_else(|_| Err(self.overdue()))
        };
        let ran = lease.during(running).await;
        self.note(|note| note.program = None).await?;
        ran.map_err(|mut failure| {
            let hint =
                "; writes were not refused; go on with `--resume`, or give up with `--abort`";
            failure.message.push_str(hint);
            failure
        })?;
        self.steps.done(&json!({"pass": Pass::Warm.name()}));
        Ok(())
    }

    /// Lets all servers of the source refuse writes.
    async fn fence(&mut self, sight: &Sight) -> Result<(), Failure> {
        let (source, target) = sight.sides()?;
        let committable = async {
            let movers = Movers {
                source: &source.see().await?,
                target: &target.see().await?,
                harm: Harm::Copies,
            };
            demand_committable(self.session, &self.record, &movers).await
        };
        let committable = committable.await;
        committable.map_err(|failure| sight.behind_fence(failure))?;
        let known = self.record.copy.clone().unwrap_or_default();
        let fences = fence::plan(source, &known.fences).await;
        let fences = fences.map_err(|failure| sight.behind_fence(failure))?;
        self.session.stage.set(Stage::Copying);
        let is_new = sight.state != State::Fenced;
        self.note(|note| {
            note.fences = fences;
            note.program = Some(here());
            if is_new {
                note.fenced_at = now();
            }
        })
        .await
        .map_err(|failure| sight.behind_fence(failure))?;
        self.steps.begin("fence", &sight.shown());
        match fence::close(source).await {
            Ok(()) => {
                self.steps.done(&json!({}));
                Ok(())
            }
            Err(failure) => Err(self.give_back(failure).await),
        }
    }

    /// Copies behind the fence, and lets the configs name the target.
    async fn copy(
        &mut self,
        sight: &Sight,
        requests: &mut Requests,
        lease: &Lease,
    ) -> Result<(), Failure> {
        let copying = timeout(self.timeout, self.copy_and_compare(sight));
        // Calls wait for it by the candidate.
        let (record, data) = (&self.record, &Data::Copied);
        let copying = self.session.keep_offered(record, data, self.lives, copying);
        let copied = tokio::select! {
            copied = copying => copied.unwrap_or_else(|_| Err(self.overdue())),
            _ = requests.next() => Err(Failure::new(Code::Interrupted, "interrupted")),
            failure = lease.lost() => Err(failure),
        };
        let compared = match copied {
            Ok(compared) => compared,
            Err(failure) => return Err(self.give_back_held(failure, lease).await),
        };
        if let Err(failure) = lease.demand() {
            return Err(self.give_back_held(failure, lease).await);
        }
        let reason = format!("data copied from {}", sight.addresses().0);
        self.steps.begin("commit", &json!({}));
        match self.session.commit_move(&self.record, &reason).await {
            Ok(()) => {}
            Err(mut failure) if failure.code == Code::OutcomeUnknown => {
                failure
                    .message
                    .push_str("; the old server refuses writes until then");
                return Err(failure);
            }
            Err(failure) => return Err(self.give_back_held(failure, lease).await),
        }
        let held = held(&self.record.copy.clone().unwrap_or_default());
        self.session.stage.set(Stage::Moving);
        self.done = Some((held, compared));
        self.steps.done(&json!({"held_ms": milliseconds(held)}));
        // A later command goes by the state, so nothing is lost if this fails.
        let _ = self.note(|note| note.program = None).await;
        Ok(())
    }

    async fn copy_and_compare(&self, sight: &Sight) -> Result<u64, Failure> {
        let (source, target) = sight.sides()?;
        self.steps
            .begin("copy", &json!({"pass": Pass::Last.name()}));
        self.program
            .run(&self.record, (source, target), Pass::Last)
            .await?;
        self.steps.done(&json!({"pass": Pass::Last.name()}));
        self.steps.begin("compare", &json!({}));
        // The connections may have ended meanwhile, and a fail-over gives a cluster other primaries.
        let again = self.look().await?;
        let (source, target) = again.sides()?;
        let note = self.record.copy.clone().unwrap_or_default();
        fence::demand_held(source, &note).await?;
        let compared = compare(source, target, self.compare).await?;
        let again = self.look().await?;
        fence::demand_held(again.sides()?.0, &note).await?;
        self.steps.done(&json!({"keys": compared}));
        Ok(compared)
    }

    fn overdue(&self) -> Failure {
        let time = humantime::format_duration(self.timeout);
        let text = format!("the copy was not complete and compared within {time} (--timeout)");
        Failure::new(Code::NotReady, text).of_component(&self.record.component)
    }

    /// Changes what the record says of the copy.
    pub(super) async fn note(&mut self, change: impl FnOnce(&mut Copied)) -> Result<(), Failure> {
        let mut noted = self.record.clone();
        change(noted.copy.get_or_insert_default());
        if noted != self.record {
            self.session.revive().await?;
            self.session
                .replace_record(Some(&self.record), Some(&noted))
                .await?;
            self.record = noted;
        }
        Ok(())
    }
}
