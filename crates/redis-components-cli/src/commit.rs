//! Writing a config: compare, set and note in one transaction.

use redis::Pipeline;
use redis_components::ComponentConfig;

use crate::failure::{Code, Failure};
use crate::fleet::control::Canary;
use crate::history::{End, KEPT, Note};
use crate::interrupt::Stage;
use crate::session::Session;
use crate::transaction::NotDone;

/// How often a change is tried again if something but the config changed meanwhile.
pub(crate) const TRIES: usize = 100;

/// A change of a component's config.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) component: &'a str,
    pub(crate) text: &'a str,
    /// What must be there, or no key, so that nothing is overwritten that nobody saw.
    pub(crate) expected: Option<Vec<u8>>,
    pub(crate) note: Note,
    /// The canary that must be on, or none.
    pub(crate) canary: Option<Canary>,
    /// Whether it ends with the change.
    pub(crate) ends_canary: bool,
}

/// How a digest is written of a config that is not there.
pub(crate) const ABSENT: &str = "absent";

impl Session {
    /// Writes a config with an entry in its history, and returns the entry's number.
    ///
    /// A config that was written without a history gets an entry of its own before.
    ///
    /// # Errors
    ///
    /// Returns an error if the config is no longer the expected one, and then nothing is changed.
    /// After a lost answer it is unknown if the config was written.
    pub(crate) async fn commit(&mut self, change: &Change<'_>) -> Result<u64, Failure> {
        let key = self.names.key(change.component);
        let history = self.names.history(change.component);
        let about = |failure: Failure| failure.of_component(change.component);
        for _ in 0..TRIES {
            let mut watch = redis::cmd("WATCH");
            watch.arg(&key).arg(&history).arg(self.names.fleet());
            let () = self.query(&watch).await.map_err(about)?;
            let found = self.read(&key).await.map_err(about)?;
            if found != change.expected {
                return Err(about(self.differs(found.as_deref())));
            }
            let end = self.end(change.component).await.map_err(about)?;
            let mut transaction = redis::pipe();
            let n = add(
                &mut transaction,
                change,
                (&key, &history),
                found.as_deref(),
                &end,
            );
            let new_salt = self.edit(&mut transaction, change).await.map_err(about)?;
            self.stage.set(Stage::Committing);
            let outcome = self.transact(&transaction).await;
            let outcome = match outcome {
                Err(NotDone::Unknown(failure)) => self.look_again(change, n, &failure).await,
                outcome => outcome.map_err(Failure::from),
            };
            let is_written = matches!(outcome, Ok(true));
            self.stage.set(if is_written {
                Stage::Written
            } else {
                Stage::Unchanged
            });
            if outcome.map_err(about)? {
                if let Some(salt) = new_salt {
                    self.salt = salt;
                }
                return Ok(n);
            }
        }
        let text =
            format!("the history under `{history}` changed {TRIES} times meanwhile; try again");
        Err(about(
            Failure::new(Code::DigestDiffers, text).at(&self.server),
        ))
    }

    /// Finds out what became of a transaction whose answer was lost.
    async fn look_again(
        &self,
        change: &Change<'_>,
        n: u64,
        failure: &Failure,
    ) -> Result<bool, Failure> {
        let component = change.component;
        if let Ok(again) = self.reopened().await
            && let Ok(entry) = again.entry(component, n).await
            && entry.note.id == change.note.id
        {
            return Ok(true);
        }
        // The server may still have it before it.
        let reason = &failure.message;
        let text = format!(
            "it is unknown if the config of `{component}` was written: {reason}; look with `get \
            {component}` and \
             `history {component}`"
        );
        Err(Failure::new(Code::OutcomeUnknown, text).at(&self.server))
    }

    /// Returns the digest of what is there.
    pub(crate) fn digest_of(&self, found: Option<&[u8]>) -> String {
        digest_of(found, &self.salt)
    }

    /// Returns the failure for a config that is not the expected one.
    pub(crate) fn differs(&self, found: Option<&[u8]>) -> Failure {
        let digest = self.digest_of(found);
        let text = format!(
            "the config has changed: its digest is {digest} now; nothing was written; look at \
            it with `get` and \
             `history`, and try again"
        );
        Failure::new(Code::DigestDiffers, text).at(&self.server)
    }

    /// Adds to the transaction what changes in the control key, and returns a salt that is new.
    async fn edit(
        &mut self,
        transaction: &mut Pipeline,
        change: &Change<'_>,
    ) -> Result<Option<String>, Failure> {
        let mut control = self.strict_control().await?;
        if control.canary(change.component) != change.canary {
            return Err(self.canary_differs(change.component));
        }
        if change.ends_canary {
            control.set_canary(change.component, None);
        }
        let new_salt = control.salt().is_none().then(|| {
            let salt = format!("{:032x}", fastrand::u128(..));
            control.set_salt(&salt);
            salt
        });
        if new_salt.is_none() {
            control
                .salt()
                .unwrap_or_default()
                .clone_into(&mut self.salt);
        }
        if new_salt.is_some() || change.ends_canary {
            let key = self.names.fleet();
            transaction
                .cmd("SET")
                .arg(key)
                .arg(self.control_text(&control)?);
        }
        Ok(new_salt)
    }
}

fn digest_of(found: Option<&[u8]>, salt: &str) -> String {
    let Some(found) = found else {
        return ABSENT.to_owned();
    };
    let text = std::str::from_utf8(found).unwrap_or_default();
    let config = ComponentConfig::from_json(text);
    config.map_or_else(|_| "invalid".to_owned(), |config| config.digest(salt))
}

/// Adds the entries of the history and the config to a transaction, and returns the number of the
/// newest entry.
pub(crate) fn add(
    transaction: &mut Pipeline,
    change: &Change<'_>,
    (key, history): (&str, &str),
    found: Option<&[u8]>,
    end: &End,
) -> u64 {
    let mut n = end.last;
    let mut add = |config: &[u8], note: &Note| {
        // The server refuses a number that is not larger than the last.
        n = n.saturating_add(1);
        let command = transaction.cmd("XADD").arg(history).arg("MAXLEN").arg(KEPT);
        command.arg(format!("{n}-0")).arg("config").arg(config);
        for (name, value) in note.fields() {
            command.arg(name).arg(value);
        }
    };
    let noted = end.newest.as_ref().map(|entry| &*entry.config);
    if let Some(found) = found
        && noted != Some(found)
    {
        let reason = Some("found here, written without a history".to_owned());
        add(
            found,
            &Note {
                at: change.note.at.clone(),
                reason,
                ..Note::default()
            },
        );
    }
    add(change.text.as_bytes(), &change.note);
    transaction.cmd("SET").arg(key).arg(change.text);
    n
}
