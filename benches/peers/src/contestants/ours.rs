//! redis-components: calls go through a generated wrapper or accessor.

use redis_components::Connection;

use super::accessor::Accessor;
use super::tasks::Asynchronous;
use super::threads::Blocking;
use super::world::{APP, MESSAGE};
use crate::components::{logs, logs_blocking, logs_blocking_fresh, logs_fresh, logs_two};
use crate::failure::Failure;

/// Defines a contestant that calls the wrapper and the accessor of a component.
macro_rules! ours {
    ($name:ident, $component:ident) => {
        pub(crate) struct $name;

        impl Asynchronous for $name {
            type Caller = ();

            fn caller(&self, _: usize) -> Self::Caller {}

            async fn log_recent((): &mut ()) -> Result<(), Failure> {
                Ok($component::log_recent(APP, MESSAGE).await?)
            }
        }

        impl Accessor for $name {
            type Handle = Connection;

            async fn take(&self) -> Result<Connection, Failure> {
                Ok($component::connection().await?)
            }
        }
    };
}

ours!(Ours, logs);
ours!(OursTwo, logs_two);
ours!(OursFresh, logs_fresh);

/// Defines a contestant that calls the wrapper of a blocking component.
macro_rules! ours_blocking {
    ($name:ident, $component:ident) => {
        pub(crate) struct $name;

        impl Blocking for $name {
            type Caller = ();

            fn caller(&self) -> Result<Self::Caller, Failure> {
                Ok(())
            }

            fn log_recent((): &mut ()) -> Result<(), Failure> {
                Ok($component::log_recent(APP, MESSAGE)?)
            }
        }
    };
}

ours_blocking!(OursBlocking, logs_blocking);
ours_blocking!(OursBlockingFresh, logs_blocking_fresh);
