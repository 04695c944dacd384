//! Beginning and ending a canary: compare and set on the control key.

use super::control::{Canary, Control};
use crate::commit::TRIES;
use crate::failure::{Code, Failure};
use crate::interrupt::Stage;
use crate::session::Session;
use crate::transaction::NotDone;

/// A change of a component's canary.
#[derive(Debug)]
pub(crate) struct CanaryChange<'a> {
    pub(crate) component: &'a str,
    /// What must be there.
    pub(crate) from: Option<&'a Canary>,
    pub(crate) to: Option<&'a Canary>,
    /// The config that must be there, so that a canary begins beside a config that was looked at.
    pub(crate) config: Option<&'a [u8]>,
}

impl Session {
    /// Writes or removes a canary.
    ///
    /// # Errors
    ///
    /// Returns an error if the canary or the config is no longer the expected one, and then nothing
    /// is changed. After a lost answer it is unknown if it was written.
    pub(crate) async fn change_canary(&self, change: &CanaryChange<'_>) -> Result<(), Failure> {
        let CanaryChange {
            component,
            from,
            to,
            config,
        } = *change;
        let about = |failure: Failure| failure.of_component(component);
        let (fleet, key) = (self.names.fleet(), self.names.key(component));
        // Whoever may not read the record may begin a canary all the same.
        let watches_move = to.is_some() && self.record(component).await.is_ok();
        for _ in 0..TRIES {
            let mut watch = redis::cmd("WATCH");
            watch.arg(&fleet).arg(&key);
            if watches_move {
                watch.arg(self.names.record(component));
            }
            let () = self.query(&watch).await.map_err(about)?;
            if watches_move {
                // One may have begun since the config was looked at.
                self.demand_no_move(component).await?;
            }
            let mut control = self.strict_control().await.map_err(about)?;
            if control.canary(component).as_ref() != from {
                return Err(self.canary_differs(component));
            }
            if let Some(config) = config {
                let found = self.read(&key).await.map_err(about)?;
                if found.as_deref() != Some(config) {
                    return Err(about(self.differs(found.as_deref())));
                }
            }
            control.set_canary(component, to);
            if self.write_control(&control, component, to).await? {
                return Ok(());
            }
        }
        let text = format!("the value under `{fleet}` changed {TRIES} times meanwhile; try again");
        let failure = Failure::new(Code::DigestDiffers, text);
        Err(about(failure.at(&self.server)))
    }

    /// Writes the control key, and returns `true` if nothing has changed since it was watched.
    async fn write_control(
        &self,
        control: &Control,
        component: &str,
        to: Option<&Canary>,
    ) -> Result<bool, Failure> {
        let mut transaction = redis::pipe();
        let set = transaction.cmd("SET");
        set.arg(self.names.fleet()).arg(self.control_text(control)?);
        self.stage.set(Stage::Committing);
        let outcome = self.transact(&transaction).await;
        let outcome = match outcome {
            Err(NotDone::Unknown(failure)) => {
                if self.has_canary(component, to).await {
                    Ok(true)
                } else {
                    let text = format!(
                        "it is unknown if the canary of `{component}` was changed: {}; look with \
                        `canary {component}`",
                        failure.message
                    );
                    Err(Failure::new(Code::OutcomeUnknown, text).at(&self.server))
                }
            }
            outcome => outcome.map_err(Failure::from),
        };
        let is_written = matches!(outcome, Ok(true));
        self.stage.set(if is_written {
            Stage::Written
        } else {
            Stage::Unchanged
        });
        outcome.map_err(|failure| failure.of_component(component))
    }

    /// # Errors
    ///
    /// Returns an error if some processes try another config of the component: they would stay where
    /// that says.
    pub(crate) async fn demand_no_canary(&self, component: &str) -> Result<(), Failure> {
        match self.control().await?.canary(component) {
            Some(canary) => Err(self.is_on(component, &canary)),
            None => Ok(()),
        }
    }

    /// Returns the failure for a canary that must end first.
    pub(crate) fn is_on(&self, component: &str, canary: &Canary) -> Failure {
        let percent = canary.percent;
        let config = canary.meaning();
        let digest = config.map_or_else(|| "invalid".to_owned(), |config| self.digest(&config));
        let text = format!(
            "a canary of `{component}` is on: {percent} % of the processes try {digest}, and would go on \
            with it; end it first with `canary {component} promote` or `canary {component} abort`"
        );
        let failure = Failure::new(Code::CanaryOn, text);
        failure.of_component(component).at(&self.server)
    }

    /// Looks over a new connection if a canary was written.
    async fn has_canary(&self, component: &str, canary: Option<&Canary>) -> bool {
        let Ok(again) = self.reopened().await else {
            return false;
        };
        let control = again.strict_control().await;
        control.is_ok_and(|control| control.canary(component).as_ref() == canary)
    }
}
