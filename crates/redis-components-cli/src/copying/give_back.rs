//! A copy that ends without its commit gives the source its writes back.

use super::drive::Drive;
use super::fence::{self, held};
use crate::failure::Failure;
use crate::interrupt::Stage;
use crate::moving::records::copied::Copied;
use crate::moving::records::lease::{Lease, alone};
use crate::time::milliseconds;

impl Drive<'_> {
    /// Gives the source its writes back, unless another command may decide about it. Returns the failure
    /// with what came of it.
    pub(super) async fn give_back_held(&mut self, mut failure: Failure, lease: &Lease) -> Failure {
        if lease.is_held().await {
            return self.give_back(failure).await;
        }
        match self.give_back_anew(&failure).await {
            Ok(failure) => failure,
            Err(other) => {
                // The other command may have given them back.
                let refuses = match fence::is_left(&self.record).await {
                    Ok(false) => {
                        failure.message = format!(
                            "{}; the old server takes writes; {}",
                            failure.message, other.message
                        );
                        return failure;
                    }
                    Ok(true) => "refuses",
                    Err(_) => "may refuse",
                };
                failure.message = format!(
                    "{}; the old server {refuses} writes, because another command may have gone on: {}; give \
                    them back with `--abort`, or copy anew with `--resume`",
                    failure.message, other.message
                );
                failure
            }
        }
    }

    /// As [`give_back`](Self::give_back), under another lease, if no other command has changed the move
    /// since the first was lost.
    async fn give_back_anew(&mut self, failure: &Failure) -> Result<Failure, Failure> {
        let (session, record) = (self.session, self.record.clone());
        session.revive().await?;
        alone(session, &record, async |_| {
            let is_changed = session.record(&record.component).await?.as_ref() != Some(&record);
            if is_changed || session.is_committed(&record).await? {
                return Err(session.has_changed(&record.component));
            }
            Ok(self.give_back(failure.clone()).await)
        })
        .await
    }

    /// Gives the source its writes back. Returns the failure with what came of it.
    pub(super) async fn give_back(&mut self, mut failure: Failure) -> Failure {
        let held = held(&self.record.copy.clone().unwrap_or_default());
        if let Err(other) = fence::lift(self.session, &self.record).await {
            failure.message = format!("{}; {}", failure.message, other.message);
            return failure;
        }
        self.session.stage.set(Stage::Moving);
        let hint = format!(
            "; the configs have not changed, and the old server takes writes again, which were refused for {} \
            ms; copy anew with `--resume`, or give up with `--abort`",
            milliseconds(held)
        );
        failure.message.push_str(&hint);
        // Calls that wait were taken by the source by now, or will be.
        let noted = self
            .note(|note| {
                *note = Copied {
                    servers: std::mem::take(&mut note.servers),
                    ..Copied::default()
                }
            })
            .await;
        let withdrawn = self.session.withdraw(&self.record).await;
        for other in [noted, withdrawn].into_iter().filter_map(Result::err) {
            failure.message = format!("{}; {}", failure.message, other.message);
        }
        failure
    }
}
