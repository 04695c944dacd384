//! The receipts of a fleet over a long time, for few commands.

use std::time::{Duration, Instant};

use redis_components::receipts::FLEET_KEY;

use super::index::Index;
use super::receipts::{Receipts, Said};
use crate::failure::Failure;
use crate::session::Session;

/// The index is read again as often, whatever is pushed.
const REREAD: Duration = Duration::from_secs(10);
/// Each receipt is read as often, whatever the index says.
const ROUND: Duration = Duration::from_secs(15);
/// In a small fleet all receipts are read each time.
const SMALL: usize = 20;

/// The receipts of a fleet, and which of them to read next.
#[derive(Debug)]
pub(crate) struct ReceiptReader {
    pub(crate) receipts: Receipts,
    index: Index,
    /// When the index is read again; `None` stands for now.
    due: Option<Instant>,
}

impl ReceiptReader {
    /// Returns a fleet of which nothing has been read yet.
    pub(crate) fn new(session: &Session) -> Self {
        Self {
            receipts: Receipts::new(&session.names.prefix),
            index: Index::default(),
            due: None,
        }
    }

    /// The index has changed.
    pub(crate) fn touch(&mut self) {
        self.due = None;
    }

    /// Reads the receipts whose turn it is, if all are to be read once a round.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not show them.
    pub(crate) async fn turn(&mut self, session: &Session, every: Duration) -> Result<(), Failure> {
        let seconds = every.as_secs_f64() / ROUND.as_secs_f64();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a share of a fleet"
        )]
        let share = (self.index.len() as f64 * seconds).ceil() as usize;
        let members = self.index.due(share.max(SMALL));
        self.read(session, &members).await
    }

    /// Reads the index if it is time, and the receipts that it says have changed. Returns `true` if
    /// it was read.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not show them.
    pub(crate) async fn refresh(&mut self, session: &Session) -> Result<bool, Failure> {
        if self.due.is_some_and(|due| due > Instant::now()) {
            return Ok(false);
        }
        self.due = Some(Instant::now() + REREAD);
        let mut list = redis::cmd("ZRANGE");
        list.arg(FLEET_KEY).arg(0).arg(-1).arg("WITHSCORES");
        let found: Vec<(Vec<u8>, f64)> = session.query(&list).await?;
        let found = found
            .into_iter()
            .filter_map(|(member, score)| Some((String::from_utf8(member).ok()?, score)));
        for gone in self.index.note(found.collect()) {
            self.receipts.note(gone, Said::Nothing);
        }
        let members = self.index.due(0);
        self.read(session, &members).await?;
        Ok(true)
    }

    async fn read(&mut self, session: &Session, members: &[String]) -> Result<(), Failure> {
        if members.is_empty() {
            return Ok(());
        }
        for (member, said) in session.receipts_of(members, None).await? {
            self.receipts.note(member, said);
        }
        Ok(())
    }
}
