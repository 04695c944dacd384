//! The last events and the first violations.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many events before a violation are told.
const REMEMBERED: usize = 40;
/// How many violations are told.
const TOLD: usize = 10;

/// The last events, and the first violations.
#[derive(Debug)]
pub(crate) struct Journal {
    started: Instant,
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    events: VecDeque<String>,
    violations: Vec<String>,
    count: u64,
    before_the_first: Vec<String>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            pages: Mutex::default(),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn event(&self, what: &str) {
        let line = self.line(what);
        let mut pages = self.pages();
        if pages.events.len() == REMEMBERED {
            pages.events.pop_front();
        }
        pages.events.push_back(line);
    }

    pub(crate) fn violation(&self, what: &str) {
        let line = self.line(what);
        let mut pages = self.pages();
        if pages.count == 0 {
            pages.before_the_first = pages.events.iter().cloned().collect();
            eprintln!("violation {line}");
        }
        pages.count += 1;
        if pages.violations.len() < TOLD {
            pages.violations.push(line);
        }
    }

    /// Returns the first violations, and the number of all.
    pub(crate) fn violations(&self) -> (Vec<String>, u64) {
        let pages = self.pages();
        (pages.violations.clone(), pages.count)
    }

    /// Returns the last events before the first violation.
    pub(crate) fn before_the_first(&self) -> Vec<String> {
        self.pages().before_the_first.clone()
    }

    fn line(&self, what: &str) -> String {
        format!("{:9.3} s  {what}", self.elapsed().as_secs_f64())
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
