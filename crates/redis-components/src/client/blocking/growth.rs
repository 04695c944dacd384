//! The attempts of a pool to open one more connection, and the reasons of their failures.

use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::transport::failure::Failure;

/// A failure is shown for this long. If no caller has tried again since, it says little about the
/// next attempt.
const SHOWN_FOR: Duration = Duration::from_secs(5);

/// The attempts of a pool to open one more connection. After a failure there is a pause, and then
/// one attempt at a time.
#[derive(Debug, Default)]
pub(super) struct Growth {
    failed: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    failure: Failure,
    backoff: Backoff,
    at: Instant,
    retry_at: Instant,
    /// Whether the attempt before it failed too.
    is_repeated: bool,
    is_told: bool,
}

impl Growth {
    /// Returns the time of the next attempt, or `None` if it may begin now.
    pub(super) fn retry_at(&self, now: Instant) -> Option<Instant> {
        let failed = self.failed.as_ref()?;
        (now < failed.retry_at).then_some(failed.retry_at)
    }

    /// Notes that an attempt begins, which takes no longer than `bound`. If the last one failed, no
    /// other attempt begins meanwhile.
    pub(super) fn begin(&mut self, now: Instant, bound: Duration) {
        if let Some(failed) = &mut self.failed {
            failed.retry_at = now + bound;
        }
    }

    pub(super) fn succeed(&mut self) {
        self.failed = None;
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        let at = Instant::now();
        let (mut backoff, is_told) = match &self.failed {
            Some(earlier) => (earlier.backoff, earlier.is_told),
            None => (Backoff::new(Backoff::SERVER_DOWN), false),
        };
        self.failed = Some(Failed {
            failure,
            retry_at: at + backoff.next(),
            backoff,
            at,
            is_repeated: self.failed.is_some(),
            is_told,
        });
    }

    /// Returns the failure of the last attempt.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failed.as_ref().map(|failed| &failed.failure)
    }

    /// Returns the failure of the last attempt, unless that was long ago.
    pub(super) fn recent_failure(&self) -> Option<&Failure> {
        let failed = self.failed.as_ref()?;
        (failed.at.elapsed() < SHOWN_FOR).then_some(&failed.failure)
    }

    /// Returns why attempts fail, if this was not reported since the first failure in a row. A
    /// single failure says little, unless the server itself gives the reason. The server may be
    /// gone, which is another event.
    pub(super) fn news(&mut self) -> Option<Failure> {
        let failed = self.failed.as_mut()?;
        if !failed.is_repeated && !failed.failure.is_refusal() {
            return None;
        }
        let is_news = !std::mem::replace(&mut failed.is_told, true);
        is_news.then(|| failed.failure.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Growth;
    use crate::transport::failure::{Cause, Failure};

    #[test]
    fn after_a_failure_there_is_a_pause_and_then_one_attempt_at_a_time() {
        let mut growth = Growth::default();
        let now = Instant::now();
        growth.begin(now, Duration::from_secs(1));
        assert_eq!(growth.retry_at(now), None, "a stampede may grow at once");
        growth.fail(Failure::unreachable("no"));
        let retry_at = growth.retry_at(now).expect("a pause");
        assert_eq!(growth.retry_at(retry_at), None);
        growth.begin(retry_at, Duration::from_secs(1));
        assert!(growth.retry_at(retry_at).is_some());
        growth.succeed();
        assert_eq!(growth.retry_at(now), None);
    }

    #[test]
    fn a_row_of_failures_is_told_once() {
        let mut growth = Growth::default();
        assert!(growth.news().is_none());
        for is_news in [false, true, false] {
            growth.fail(Failure::unreachable("no"));
            assert_eq!(growth.news().is_some(), is_news);
        }
        growth.succeed();
        growth.fail(Failure::new(Cause::Busy, "max number of clients"));
        assert!(growth.news().is_some());
    }
}
