//! The candidates of a move, and whether the fleet has them ready.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use redis_components::receipts::ReceiptState;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::commit::TRIES;
use crate::failure::{Code, Failure};
use crate::fleet::control::Control;
use crate::fleet::receipts::Unreadable;
use crate::interrupt::{Stage, interrupted};
use crate::lines::warn;
use crate::moving::records::record::Record;
use crate::moving::servers::way::Way;
use crate::session::Session;
use crate::text::{counted, named};

/// How long a candidate lives if nobody removes it.
pub(crate) const LIVES: Duration = Duration::from_secs(3600);
/// The pause after an offer that could not be made again.
const PAUSE: Duration = Duration::from_secs(1);
const LOOKED_EVERY: Duration = Duration::from_millis(50);

/// How the fleet stands to the candidates.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Readiness {
    pub(crate) ready: usize,
    pub(crate) expected: usize,
    /// Processes whose runtime does not know candidates.
    pub(crate) without: usize,
    #[serde(skip)]
    refused: Vec<String>,
    #[serde(skip)]
    missing: Vec<String>,
}

/// What a candidate's server has.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// A copy of what the server in force has, or soon all of it, in this run of it.
    Same(Way, String),
    /// All of it, when the candidate comes into force.
    Copied,
    Other,
}

impl Data {
    /// Returns the refusals after which a command may go to the candidate.
    fn takes(&self) -> &'static [&'static str] {
        match self {
            Self::Same(way, _) => way.refuses(),
            Self::Copied | Self::Other => &[],
        }
    }

    /// Returns the refusals after which a command waits until the candidate is in force.
    fn holds(&self) -> &'static [&'static str] {
        match self {
            Self::Copied => &["NOREPLICAS"],
            Self::Same(..) | Self::Other => &[],
        }
    }

    /// Returns the only run of the server that may take commands.
    fn run_id(&self) -> Option<&str> {
        match self {
            Self::Same(_, run_id) => Some(run_id),
            Self::Copied | Self::Other => None,
        }
    }
}

impl Session {
    /// Offers the new configs as candidates, for as long as they are to live.
    ///
    /// # Errors
    ///
    /// Returns an error if the control key cannot be written.
    pub(crate) async fn offer(
        &self,
        record: &Record,
        data: &Data,
        lives: Duration,
    ) -> Result<(), Failure> {
        self.offer_if(record, data, lives, |_, _| true).await
    }

    /// As [`offer`](Self::offer), for those components that the condition holds of.
    async fn offer_if(
        &self,
        record: &Record,
        data: &Data,
        lives: Duration,
        condition: impl Fn(&Control, &str) -> bool,
    ) -> Result<(), Failure> {
        let until = SystemTime::now() + lives;
        let until = humantime::format_rfc3339_seconds(until).to_string();
        self.edit_control(|control| {
            for (component, text) in &record.new {
                if !condition(control, component) {
                    continue;
                }
                let config: Value = serde_json::from_str(text).unwrap_or_default();
                let on = data.takes();
                let mut candidate =
                    json!({"id": record.id, "config": config, "until": until, "on": on});
                if !data.holds().is_empty() {
                    candidate["hold"] = json!(data.holds());
                }
                if let Some(run_id) = data.run_id() {
                    candidate["run_id"] = json!(run_id);
                }
                control.prepare(component, candidate);
            }
        })
        .await
    }

    /// Offers the candidates again and again before they end, until some work is done. The work uses the
    /// connection of this session meanwhile.
    pub(crate) async fn keep_offered<T>(
        &self,
        record: &Record,
        data: &Data,
        lives: Duration,
        work: impl Future<Output = T>,
    ) -> T {
        let offering = async || -> Infallible {
            let mut pause = lives / 2;
            loop {
                sleep(pause).await;
                let offered = match self.reopened().await {
                    // Another command may have taken the candidate away, or offered another.
                    Ok(again) => {
                        let is_there =
                            |control: &Control, of: &str| control.is_prepared(of, &record.id);
                        again.offer_if(record, data, lives, is_there).await
                    }
                    Err(failure) => Err(failure),
                };
                pause = offered.map_or(PAUSE, |()| lives / 2);
            }
        };
        tokio::select! {
            biased;
            done = work => done,
            never = offering() => match never {},
        }
    }

    /// Takes the candidates of a move away. Those of others stay.
    ///
    /// # Errors
    ///
    /// As [`offer`](Self::offer).
    pub(crate) async fn withdraw(&self, record: &Record) -> Result<(), Failure> {
        self.edit_control(|control| {
            for component in record.components() {
                control.withdraw(component, &record.id);
            }
        })
        .await
    }

    /// Returns `true` if a candidate of a move has not been withdrawn.
    ///
    /// # Errors
    ///
    /// Returns an error if the control key cannot be read.
    pub(crate) async fn is_offered(&self, record: &Record) -> Result<bool, Failure> {
        let control = self.strict_control().await?;
        let mut components = record.components();
        Ok(components.any(|component| control.is_prepared(component, &record.id)))
    }

    /// Waits until all processes have a config ready that is to be written, and returns what withdraws
    /// it.
    ///
    /// # Errors
    ///
    /// Returns an error if a move is under way, whose candidate this one would replace, and as
    /// [`wait_until_ready`](Self::wait_until_ready).
    pub(crate) async fn prepare(
        &self,
        component: &str,
        found: &[u8],
        text: &str,
        (timeout, ignores_silent): (Duration, bool),
    ) -> Result<Record, Failure> {
        if self.record(component).await?.is_some() {
            let text = format!(
                "a move of `{component}` is under way, and has a candidate of its own; end it first: look \
                with `move {component} --status`"
            );
            let failure = Failure::new(Code::WrongState, text).of_component(component);
            return Err(failure.at(&self.server));
        }
        let config = |text: &str| BTreeMap::from([(component.to_owned(), text.to_owned())]);
        let old = config(&String::from_utf8_lossy(found));
        let candidate = Record::new(component, old, config(text));
        self.stage.set(Stage::Preparing);
        let preparing = async {
            self.offer(&candidate, &Data::Other, LIVES).await?;
            let limits = (timeout, ignores_silent);
            let waiting = self.wait_until_ready(&candidate, limits, |_| {}, async || Ok(()));
            self.keep_offered(&candidate, &Data::Other, LIVES, waiting)
                .await
        };
        let ready = tokio::select! {
            // Nobody else hears an interrupt now.
            biased;
            () = interrupted() => Err(Failure::new(Code::Interrupted, "interrupted")),
            ready = preparing => ready,
        };
        if let Err(mut failure) = ready {
            self.withdraw(&candidate).await?;
            failure.message.push_str("; nothing was written");
            return Err(failure);
        }
        self.stage.set(Stage::Unchanged);
        Ok(candidate)
    }

    async fn edit_control(&self, edit: impl Fn(&mut Control)) -> Result<(), Failure> {
        let key = self.names.fleet();
        for _ in 0..TRIES {
            let () = self.query(redis::cmd("WATCH").arg(&key)).await?;
            let mut control = self.strict_control().await?;
            let before = control.to_json();
            edit(&mut control);
            if control.to_json() == before {
                return self.query(&redis::cmd("UNWATCH")).await;
            }
            let mut transaction = redis::pipe();
            transaction
                .cmd("SET")
                .arg(&key)
                .arg(self.control_text(&control)?);
            if self.transact(&transaction).await? {
                return Ok(());
            }
        }
        let text = format!("the value under `{key}` keeps changing; try again");
        Err(Failure::new(Code::DigestDiffers, text).at(&self.server))
    }

    /// Waits until all processes have the candidates ready.
    ///
    /// # Errors
    ///
    /// Returns an error if a process refuses one, or time is over, and that of `stays`, which says whether
    /// there is something to wait for.
    pub(crate) async fn wait_until_ready(
        &self,
        record: &Record,
        (timeout, ignores_silent): (Duration, bool),
        mut tell: impl FnMut(&Readiness),
        stays: impl AsyncFn() -> Result<(), Failure>,
    ) -> Result<Readiness, Failure> {
        let begun = Instant::now();
        let mut told = None;
        loop {
            stays().await?;
            let readiness = self.readiness(record, ignores_silent).await?;
            if told != Some(readiness.ready) {
                told = Some(readiness.ready);
                tell(&readiness);
            }
            if !readiness.refused.is_empty() {
                let count = counted(readiness.refused.len(), "process");
                let who = named(readiness.refused.iter().cloned());
                let text = format!("{count} cannot use the new server: {who}");
                return Err(
                    Failure::new(Code::ProcessRefused, text).of_component(&record.component)
                );
            }
            if readiness.missing.is_empty() && readiness.without > 0 {
                let count = counted(readiness.without, "process");
                warn(&format!(
                    "{count} of another language or version cannot prepare: what they send to the old server \
                    from a cut on fails until they follow the config"
                ));
            }
            if readiness.missing.is_empty() {
                return Ok(readiness);
            }
            if begun.elapsed() > timeout {
                let count = counted(readiness.missing.len(), "process");
                let who = named(readiness.missing.iter().cloned());
                let text = format!("{count} not ready in time: {who}");
                return Err(Failure::new(Code::NotReady, text).of_component(&record.component));
            }
            sleep(LOOKED_EVERY).await;
        }
    }

    async fn readiness(&self, record: &Record, ignores_silent: bool) -> Result<Readiness, Failure> {
        let receipts = self.receipts(None).await?;
        let mut readiness = Readiness::default();
        for receipt in receipts.own() {
            for component in record.components() {
                let Some(said) = receipt.component(component) else {
                    continue;
                };
                if !receipt.process().knows_candidates() {
                    readiness.without += 1;
                    continue;
                }
                readiness.expected += 1;
                let process = receipt.process().member();
                let candidate = said
                    .candidate()
                    .filter(|candidate| candidate.id == record.id);
                let reason = candidate.and_then(|candidate| candidate.reason);
                match candidate.map(|candidate| candidate.state) {
                    Some(ReceiptState::Ready) => readiness.ready += 1,
                    Some(ReceiptState::Refused) => {
                        let reason = reason.unwrap_or("no reason given");
                        readiness.refused.push(format!("{process} ({reason})"));
                    }
                    Some(state) => {
                        let reason = reason
                            .map(|reason| format!(": {reason}"))
                            .unwrap_or_default();
                        readiness
                            .missing
                            .push(format!("{process} ({state}{reason})"));
                    }
                    None => readiness
                        .missing
                        .push(format!("{process} (has not seen it)")),
                }
            }
        }
        if !ignores_silent {
            let unreadable = receipts.unreadable();
            readiness
                .missing
                .extend(unreadable.iter().map(Unreadable::shown));
            let silent = self.silent(&receipts).await?;
            readiness
                .missing
                .extend(silent.iter().map(|silent| silent.shown()));
        }
        Ok(readiness)
    }
}
