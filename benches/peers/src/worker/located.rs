//! The contestants of the propagation measurement: their calls tell which server they ran on.

use std::time::Duration;

use super::dynamic_config::DynamicConfig;
use super::mover::Mover;
use crate::components::moving;
use crate::contestants::book::Book;
use crate::contestants::world::World;
use crate::failure::Failure;
use crate::functions::moving::which_server;
use crate::names;

/// A contestant whose calls tell their server.
#[derive(Clone)]
pub(crate) enum Located {
    Ours,
    Book(Book),
    DynamicConfig(DynamicConfig),
}

impl Located {
    /// Returns a contestant by name, and its operator.
    pub(crate) fn connect(world: &World, name: &str) -> Result<(Self, Mover), Failure> {
        let urls = &world.urls;
        match name {
            names::OURS | names::POLL => Ok((Self::Ours, Mover::of_component(urls)?)),
            names::BOOK => {
                let wait = Duration::from_secs(1);
                let book = Book::connect(&urls.config, "moving", wait);
                let mut book = world.runtime.block_on(book)?;
                world.runtime.block_on(book.connection())?;
                Ok((Self::Book(book), Mover::of_component(urls)?))
            }
            names::DYNAMIC_CONFIG => {
                let (located, mover) = DynamicConfig::start(world)?;
                Ok((Self::DynamicConfig(located), mover))
            }
            _ => Err(format!("no contestant `{name}` can move").into()),
        }
    }

    /// Calls once. Returns the server that answered.
    pub(crate) async fn which_server(&mut self) -> Result<usize, Failure> {
        match self {
            Self::Ours => Ok(moving::which_server().await?),
            Self::Book(book) => {
                let mut connection = book.connection().await?;
                Ok(which_server(&mut connection).await?)
            }
            Self::DynamicConfig(configured) => {
                let mut connection = configured.connection();
                Ok(which_server(&mut connection).await?)
            }
        }
    }
}
