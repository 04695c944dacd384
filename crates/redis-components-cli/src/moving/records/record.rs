//! What was begun: which components move from where to where. Where the move stands is not kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::commit::TRIES;
use crate::failure::{Code, Failure};
use crate::history::Note;
use crate::interrupt::Stage;
use crate::moving::records::copied::Copied;
use crate::moving::records::stood::Stood;
use crate::moving::servers::link::Place;
use crate::moving::servers::seen::Seen;
use crate::session::Session;
use crate::time::is_time;
use crate::transaction::NotDone;

/// The longest record, in bytes. A longer value is not read back.
const LONGEST: usize = 65_536;

/// A move that was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Names the candidates of this move.
    pub(crate) id: String,
    /// The component that the move was begun for.
    pub(crate) component: String,
    /// The config that each component leaves.
    pub(crate) old: BTreeMap<String, String>,
    /// The config that each component gets.
    pub(crate) new: BTreeMap<String, String>,
    pub(crate) by: Option<String>,
    pub(crate) since: Option<String>,
    /// Whether a cut may have been tried.
    #[serde(default)]
    pub(crate) may_be_cut: bool,
    /// Where the source stood before a cut was tried, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stood: Option<Stood>,
    /// What the source had before the fence, if there may be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fence: Option<String>,
    /// The address by which the source listed the target before a cut, if it is known. It may differ from
    /// that of the config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) listed: Option<(String, u16)>,
    /// Whether it goes back where a move came from.
    #[serde(default)]
    pub(crate) is_back: bool,
    /// The last lease under which a command acted on the move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lease: Option<String>,
    /// For how many milliseconds the target stood still when it wrote its config file while nobody used
    /// it; nothing if it was not timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rewrite_ms: Option<u64>,
    /// The same for the source, if it was the target before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_rewrite_ms: Option<u64>,
    /// Whether the servers were asked to remember their roles, which change at a cut.
    #[serde(default)]
    pub(crate) is_settled: bool,
    /// What a move keeps whose data is copied by a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) copy: Option<Copied>,
}

impl Record {
    pub(crate) fn new(
        component: &str,
        old: BTreeMap<String, String>,
        new: BTreeMap<String, String>,
    ) -> Self {
        let note = Note::now(None);
        Self {
            id: format!("move-{:08x}", fastrand::u32(..)),
            component: component.to_owned(),
            old,
            new,
            by: note.by,
            since: note.at,
            may_be_cut: false,
            stood: None,
            fence: None,
            listed: None,
            is_back: false,
            lease: None,
            rewrite_ms: None,
            source_rewrite_ms: None,
            is_settled: false,
            copy: None,
        }
    }

    /// Returns the move that goes back.
    pub(crate) fn back(&self) -> Self {
        Self {
            id: format!("move-{:08x}", fastrand::u32(..)),
            old: self.new.clone(),
            new: self.old.clone(),
            may_be_cut: false,
            stood: None,
            fence: None,
            listed: None,
            is_back: true,
            rewrite_ms: self.source_rewrite_ms,
            source_rewrite_ms: self.rewrite_ms,
            ..self.clone()
        }
    }

    /// Returns `true` if the target may have what the source has not, which is seen as `source`.
    pub(crate) fn may_have_been_cut(&self, source: Option<&Seen>) -> bool {
        let stays = self.stood.as_ref().zip(source);
        let stays = stays.is_some_and(|(stood, source)| stood.is_there(&source.replication));
        self.may_be_cut && !stays
    }

    /// Returns `true` if the target, which is seen, has all that the source had written when it had
    /// stepped down.
    pub(crate) fn is_had_by(&self, target: Option<&Seen>) -> bool {
        let both = self.stood.as_ref().zip(target);
        both.is_some_and(|(stood, target)| stood.is_had_by(&target.replication))
    }

    /// Returns the address by which the source knows the target, which a config names by `place`.
    pub(crate) fn listed_at(&self, place: &Place) -> (String, u16) {
        let of_config = || (place.host.clone(), place.port);
        self.listed.clone().unwrap_or_else(of_config)
    }

    /// Returns when the move began. What is no time was written by another program.
    pub(crate) fn since(&self) -> Option<&str> {
        self.since.as_deref().filter(|since| is_time(since))
    }

    /// Returns the servers that no other command may act on meanwhile.
    ///
    /// # Errors
    ///
    /// As [`source`](Self::source).
    pub(crate) fn servers(&self) -> Result<Vec<String>, Failure> {
        match &self.copy {
            Some(note) => Ok(note.servers.clone()),
            None => Ok(vec![self.source()?.address(), self.target()?.address()]),
        }
    }

    pub(crate) fn components(&self) -> impl Iterator<Item = &str> {
        self.old.keys().map(String::as_str)
    }

    /// Returns the server that is left.
    ///
    /// # Errors
    ///
    /// Returns an error if its config is no longer understood.
    pub(crate) fn source(&self) -> Result<Place, Failure> {
        let text = self.old.get(&self.component).map(String::as_str);
        Place::of_config(&self.component, text.unwrap_or_default())
    }

    /// Returns the server that gets the data.
    ///
    /// # Errors
    ///
    /// As [`source`](Self::source).
    pub(crate) fn target(&self) -> Result<Place, Failure> {
        let text = self.new.get(&self.component).map(String::as_str);
        Place::of_config(&self.component, text.unwrap_or_default())
    }
}

impl Session {
    /// Returns the move that a component is in, if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not show it, or it is not understood.
    pub(crate) async fn record(&self, component: &str) -> Result<Option<Record>, Failure> {
        match self.read(&self.names.record(component)).await {
            Ok(None) => Ok(None),
            Ok(Some(bytes)) => {
                serde_json::from_slice(&bytes).map_err(|_| self.is_no_record(component))
            }
            Err(failure) if [Code::WrongType, Code::ConfigInvalid].contains(&failure.code) => {
                Err(self.is_no_record(component))
            }
            Err(failure) => Err(failure),
        }
    }

    /// # Errors
    ///
    /// Returns an error if a move of the component is under way.
    pub(crate) async fn demand_no_move(&self, component: &str) -> Result<(), Failure> {
        // Whoever may not read the record may go on all the same.
        if !matches!(self.record(component).await, Ok(Some(_))) {
            return Ok(());
        }
        let text = format!(
            "a move of `{component}` is under way; finish it first, or give it up; look with \
            `move {component} --status`"
        );
        let failure = Failure::new(Code::WrongState, text);
        Err(failure.of_component(component).at(&self.server))
    }

    /// Returns the record of a move as it is now.
    ///
    /// # Errors
    ///
    /// Returns an error if the move is over, or another one has taken its place.
    pub(crate) async fn current(&self, record: &Record) -> Result<Record, Failure> {
        let component = &*record.component;
        let current = self.record(component).await?;
        current
            .filter(|current| current.id == record.id)
            .ok_or_else(|| self.has_changed(component))
    }

    /// Returns the failure for a move that is over, or another one by now.
    pub(crate) fn has_changed(&self, component: &str) -> Failure {
        let text = format!(
            "the move of `{component}` has changed meanwhile; look with `move {component} --status`"
        );
        let failure = Failure::new(Code::WrongState, text).of_component(component);
        failure.at(&self.server)
    }

    /// Puts the record of a move in the place of another one, or of none.
    ///
    /// # Errors
    ///
    /// Returns an error if the record there is not the expected one, or a move begins from a config
    /// that has changed meanwhile. After a lost answer it is unknown if the record was written.
    pub(crate) async fn replace_record(
        &self,
        expected: Option<&Record>,
        next: Option<&Record>,
    ) -> Result<(), Failure> {
        let known = next.or(expected);
        let begins = next.filter(|_| expected.is_none());
        let keys: Vec<String> = known
            .into_iter()
            .flat_map(Record::components)
            .map(|component| self.names.record(component))
            .collect();
        let text = next.map(|record| serde_json::to_string(record).unwrap_or_default());
        if text.as_ref().is_some_and(|text| text.len() > LONGEST) {
            let text = format!(
                "the configs of these components are longer than {LONGEST} bytes together, and cannot move at \
                once; nothing has changed"
            );
            return Err(Failure::new(Code::NotPossible, text).at(&self.server));
        }
        for _ in 0..TRIES {
            let mut watch = redis::cmd("WATCH");
            watch.arg(&keys);
            if let Some(begins) = begins {
                watch.arg(self.names.fleet());
                for component in begins.components() {
                    watch.arg(self.names.key(component));
                }
            }
            let () = self.query(&watch).await?;
            for component in begins.into_iter().flat_map(Record::components) {
                // One may have begun since the configs were looked at.
                self.demand_no_canary(component).await?;
            }
            for component in known.into_iter().flat_map(Record::components) {
                let found = self.record(component).await?;
                if found.as_ref() != expected && (found.is_some() || next.is_some()) {
                    let text = format!(
                        "another move of `{component}` is under way; look with `move {component} --status`"
                    );
                    let failure = Failure::new(Code::WrongState, text).of_component(component);
                    return Err(failure.at(&self.server));
                }
            }
            for (component, old) in begins.iter().flat_map(|record| &record.old) {
                let found = self.read(&self.names.key(component)).await?;
                if found.as_deref() != Some(old.as_bytes()) {
                    return Err(self.differs(found.as_deref()).of_component(component));
                }
            }
            let mut transaction = redis::pipe();
            for key in &keys {
                match &text {
                    Some(text) => {
                        transaction.cmd("SET").arg(key).arg(text);
                    }
                    None => {
                        transaction.cmd("DEL").arg(key);
                    }
                }
            }
            match self.transact(&transaction).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(NotDone::Refused(failure)) => return Err(failure),
                Err(NotDone::Unknown(failure)) => {
                    let component = known.map_or("", |record| &record.component);
                    if self.was_replaced(component, next).await {
                        return Ok(());
                    }
                    let text = format!(
                        "it is unknown if the record of the move was written: {}; look with `move \
                        {component} --status`, and go on with `--resume`",
                        failure.message
                    );
                    let failure = Failure::new(Code::OutcomeUnknown, text);
                    return Err(failure.of_component(component).at(&self.server));
                }
            }
        }
        let text = "the record of the move keeps changing; try again";
        Err(Failure::new(Code::WrongState, text).at(&self.server))
    }

    /// Writes the record of a move that begins. From then on an interrupt or a failure leaves a move.
    ///
    /// # Errors
    ///
    /// As [`replace_record`](Self::replace_record).
    pub(crate) async fn begin_record(&self, record: &Record) -> Result<(), Failure> {
        let before = self.stage.replace(Stage::Moving);
        let begun = self.replace_record(None, Some(record)).await;
        let is_known = |failure: &Failure| failure.code != Code::OutcomeUnknown;
        if begun.as_ref().is_err_and(is_known) {
            self.stage.set(before);
        }
        begun
    }

    /// Looks again if a record was written. All records of a move are written at once.
    async fn was_replaced(&self, component: &str, next: Option<&Record>) -> bool {
        let found = match self.revive().await {
            Ok(()) => self.record(component).await,
            Err(failure) => Err(failure),
        };
        found.is_ok_and(|found| found.as_ref() == next)
    }
}
