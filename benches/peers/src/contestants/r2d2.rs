//! r2d2: a pool for threads, from which each call takes a connection.

use r2d2::Pool;
use redis::Client;

use super::threads::Blocking;
use super::world::{APP, MESSAGE};
use crate::failure::Failure;
use crate::functions::logs_blocking::log_recent;

pub(crate) struct R2d2(Pool<Client>);

impl R2d2 {
    pub(crate) fn connect(url: &str) -> Result<Self, Failure> {
        Ok(Self(Pool::new(Client::open(url)?)?))
    }
}

impl Blocking for R2d2 {
    type Caller = Pool<Client>;

    fn caller(&self) -> Result<Self::Caller, Failure> {
        Ok(self.0.clone())
    }

    fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        let mut connection = caller.get()?;
        Ok(log_recent(&mut *connection, APP, MESSAGE)?)
    }
}
