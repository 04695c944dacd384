//! The two sets of clients that live as long as the soak: one is pushed changes, one polls.

use std::future::Future;

use redis_components::{Error, Scope};

use crate::fleet::Fleet;
use crate::soak::Soak;

/// The clients of the process are pushed changes; a scope polls.
#[derive(Clone, Debug)]
pub(crate) struct Fleets {
    polling: Option<Scope>,
}

impl Fleets {
    pub(crate) fn install(soak: &Soak) -> Result<Self, Error> {
        soak.settings(Fleet::Push).install()?;
        Ok(Self {
            polling: soak.scope(Fleet::Poll),
        })
    }

    pub(crate) async fn run<F: Future>(&self, fleet: Fleet, future: F) -> F::Output {
        match self.of(fleet) {
            Some(scope) => scope.run(future).await,
            None => future.await,
        }
    }

    pub(crate) fn run_blocking<T>(&self, fleet: Fleet, f: impl FnOnce() -> T) -> T {
        match self.of(fleet) {
            Some(scope) => scope.run_blocking(f),
            None => f(),
        }
    }

    fn of(&self, fleet: Fleet) -> Option<Scope> {
        match fleet {
            Fleet::Push => None,
            Fleet::Poll => self.polling.clone(),
        }
    }
}
