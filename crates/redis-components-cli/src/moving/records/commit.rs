//! Writing the configs of all components that move together, in one transaction.

use crate::commit::{Change, TRIES, add};
use crate::failure::{Code, Failure};
use crate::history::Note;
use crate::moving::records::record::Record;
use crate::session::Session;
use crate::transaction::NotDone;

impl Session {
    /// Writes the new configs, each with an entry in its history.
    ///
    /// # Errors
    ///
    /// Returns an error if a config is not the old one, or the record of the move has changed. After
    /// a lost answer it is unknown if they were written.
    pub(crate) async fn commit_move(&self, record: &Record, reason: &str) -> Result<(), Failure> {
        for _ in 0..TRIES {
            let mut watch = redis::cmd("WATCH");
            for component in record.components() {
                watch
                    .arg(self.names.key(component))
                    .arg(self.names.history(component))
                    .arg(self.names.record(component));
            }
            let () = self.query(&watch).await?;
            for component in record.components() {
                // Another command may have decided otherwise.
                if self.record(component).await?.as_ref() != Some(record) {
                    let () = self.query(&redis::cmd("UNWATCH")).await?;
                    return Err(self.has_changed(component));
                }
            }
            if self.is_committed(record).await? {
                let () = self.query(&redis::cmd("UNWATCH")).await?;
                return Ok(());
            }
            let mut transaction = redis::pipe();
            for (component, text) in &record.new {
                let (key, history) = (self.names.key(component), self.names.history(component));
                let found = self.read(&key).await?;
                let change = Change {
                    component,
                    text,
                    expected: found.clone(),
                    note: Note::now(Some(reason.to_owned())),
                    canary: None,
                    ends_canary: false,
                };
                let end = self.end(component).await?;
                add(
                    &mut transaction,
                    &change,
                    (&key, &history),
                    found.as_deref(),
                    &end,
                );
            }
            match self.transact(&transaction).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(NotDone::Unknown(failure)) => {
                    if self.was_committed(record).await {
                        return Ok(());
                    }
                    let text = format!(
                        "it is unknown if the configs were written: {}; go on with `--resume`",
                        failure.message
                    );
                    return Err(Failure::new(Code::OutcomeUnknown, text).at(&self.server));
                }
                Err(NotDone::Refused(failure)) => return Err(failure),
            }
        }
        let text = "the configs or their histories keep changing; try again";
        Err(Failure::new(Code::DigestDiffers, text).at(&self.server))
    }

    /// Looks again if the new configs were written. Whatever else it finds proves nothing: a lost
    /// transaction may still be on its way, and others may have written since.
    async fn was_committed(&self, record: &Record) -> bool {
        self.revive().await.is_ok() && self.is_committed(record).await.is_ok_and(|is| is)
    }
}
