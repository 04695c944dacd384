//! What commands note in the record of a move on their way.

use crate::failure::Failure;
use crate::moving::records::record::Record;
use crate::moving::records::stood::Stood;
use crate::moving::servers::replication::{Replica, Replication};
use crate::session::Session;

impl Session {
    /// Notes where the source stands, by which address it lists the target, and what its fence must leave,
    /// before a cut is tried. From then on, a target that stands alone may have what the source has not.
    ///
    /// # Errors
    ///
    /// As [`replace_record`](Self::replace_record).
    pub(crate) async fn note_cut(
        &self,
        record: &mut Record,
        source: &Replication,
        listed: Option<&Replica>,
        fence: Option<String>,
    ) -> Result<(), Failure> {
        let noted = Record {
            may_be_cut: true,
            stood: Stood::of(source),
            listed: listed.map(|target| (target.host.clone(), target.port)),
            fence,
            is_settled: false,
            ..record.clone()
        };
        self.note(record, noted).await
    }

    /// Notes how far the source has written, which has stepped down, before the target is told to take
    /// over. If the source dies with the command, the next one knows by it what the target must have.
    ///
    /// # Errors
    ///
    /// As [`replace_record`](Self::replace_record).
    pub(crate) async fn note_end(
        &self,
        record: &mut Record,
        source: &Replication,
    ) -> Result<(), Failure> {
        let end = Some(source.offset);
        let stood = Stood::of(source).map(|stood| Stood { end, ..stood });
        let noted = Record {
            stood,
            ..record.clone()
        };
        self.note(record, noted).await
    }

    /// Notes that no cut is under way, once the source takes writes again.
    ///
    /// # Errors
    ///
    /// As [`replace_record`](Self::replace_record).
    pub(crate) async fn note_uncut(
        &self,
        record: &mut Record,
        fence: Option<String>,
    ) -> Result<(), Failure> {
        let noted = Record {
            may_be_cut: false,
            stood: None,
            fence,
            ..record.clone()
        };
        self.note(record, noted).await
    }

    /// As [`note_uncut`](Self::note_uncut), whatever was noted last: a note that nobody waited for may have
    /// been taken, and may still be on its way. It is not taken after this one.
    ///
    /// # Errors
    ///
    /// As [`replace_record`](Self::replace_record), and returns an error if another command acts on the
    /// move by now.
    pub(crate) async fn note_taken_back(
        &self,
        record: &mut Record,
        fence: Option<String>,
    ) -> Result<(), Failure> {
        let current = self.current(record).await?;
        if current.lease != record.lease {
            return Err(self.has_changed(&record.component));
        }
        let noted = Record {
            may_be_cut: false,
            stood: None,
            fence,
            ..current.clone()
        };
        self.replace_record(Some(&current), Some(&noted)).await?;
        *record = noted;
        Ok(())
    }

    /// Notes that the servers were asked to remember their roles. Without the note, the next command asks
    /// them again, so nothing is lost if this fails.
    pub(crate) async fn note_settled(&self, record: &Record) {
        let noted = Record {
            is_settled: true,
            ..record.clone()
        };
        let _ = self.note(&mut record.clone(), noted).await;
    }

    /// Puts a record in the place of the one that is known, if it differs.
    async fn note(&self, known: &mut Record, noted: Record) -> Result<(), Failure> {
        if *known != noted {
            self.replace_record(Some(known), Some(&noted)).await?;
            *known = noted;
        }
        Ok(())
    }
}
