//! The contestants: each in its own file, with the settings that its documentation recommends.

mod accessor;
mod bare;
mod bb8;
pub(crate) mod book;
mod book_blocking;
mod cluster;
mod cluster_threads;
mod deadpool;
mod fred;
mod kinds;
mod limit;
mod manager;
mod ours;
mod r2d2;
mod rustis;
mod tasks;
mod threads;
mod two_sockets;
pub(crate) mod world;

use std::time::Duration;

use redis::aio::MultiplexedConnection;

use self::book::Book;
use self::world::World;
use crate::failure::Failure;
use crate::subject::Subject;
use crate::{declared, names};

/// Connects a contestant by name.
pub(crate) fn subject(world: &World, name: &str) -> Result<Box<dyn Subject>, Failure> {
    let (runtime, url) = (&world.runtime, world.urls.data[0].as_str());
    let subject = match name {
        names::BARE | names::BARE_AGAIN | names::BARE_POLL => {
            tasks::subject(runtime, runtime.block_on(bare::Bare::connect(url, 1))?)
        }
        names::BARE_EACH => tasks::subject(runtime, runtime.block_on(bare::Each::connect(url))?),
        names::BARE_NODELAY => {
            tasks::subject(runtime, runtime.block_on(bare::Bare::connect_nodelay(url))?)
        }
        names::BARE_TWO | names::BARE_POLL_TWO => {
            tasks::subject(runtime, runtime.block_on(bare::Bare::connect(url, 2))?)
        }
        names::OURS | names::POLL => tasks::subject(runtime, ours::Ours),
        names::OURS_TWO | names::POLL_TWO => tasks::subject(runtime, ours::OursTwo),
        names::OURS_FRESH | names::POLL_FRESH => tasks::subject(runtime, ours::OursFresh),
        names::MANAGER => {
            tasks::subject(runtime, runtime.block_on(manager::Manager::connect(url))?)
        }
        names::DEADPOOL => tasks::subject(runtime, deadpool::Deadpool::new(url)?),
        names::BB8 => tasks::subject(runtime, runtime.block_on(bb8::Bb8::connect(url))?),
        names::FRED => tasks::subject(runtime, runtime.block_on(fred::Fred::connect(url, 1))?),
        names::FRED_TWO => tasks::subject(runtime, runtime.block_on(fred::Fred::connect(url, 2))?),
        names::RUSTIS => tasks::subject(runtime, runtime.block_on(rustis::Rustis::connect(url))?),
        names::BOOK => tasks::subject(runtime, book(world, Duration::from_secs(1))?),
        names::BOOK_FRESH | names::BOOK_FRESH_AGAIN | names::BOOK_FRESH_POLL => {
            tasks::subject(runtime, book(world, Duration::ZERO)?)
        }
        names::THREADS_BOOK_FRESH | names::THREADS_BOOK_FRESH_POLL => {
            threads::subject(book_blocking::Book::new(&world.urls.config, "logs")?)
        }
        names::THREADS_FRESH | names::THREADS_POLL_FRESH => {
            threads::subject(ours::OursBlockingFresh)
        }
        names::TWO_SOCKETS => Box::new(two_sockets::TwoSockets::connect(&world.urls, "logs")?),
        names::SOCKET => Box::new(limit::Limit::one(url)?),
        names::LIMIT => Box::new(limit::Limit::deep(url)?),
        names::BARE_TLS => tasks::subject(runtime, kinds::Bare::connect(world, "tls")?),
        names::OURS_TLS => tasks::subject(runtime, kinds::OursTls),
        names::BARE_UNIX => tasks::subject(runtime, kinds::Bare::connect(world, "unix")?),
        names::OURS_UNIX => tasks::subject(runtime, kinds::OursUnix),
        names::BARE_CONNECTS => tasks::subject(runtime, kinds::BareConnects::new(world)?),
        names::OURS_CONNECTS => tasks::subject(runtime, kinds::OursConnects::new(world)?),
        names::OURS_CLUSTER => tasks::subject(runtime, cluster::Ours),
        names::CLUSTER_REDIS_RS => tasks::subject(runtime, cluster::RedisRs::connect(world)?),
        names::CLUSTER_TABLE => tasks::subject(runtime, cluster::SlotTable::connect(world)?),
        names::CLUSTER_FRED => tasks::subject(runtime, cluster::Fred::connect(world)?),
        names::CLUSTER_RUSTIS => tasks::subject(runtime, cluster::Rustis::connect(world)?),
        names::THREADS_OURS_CLUSTER => threads::subject(cluster_threads::Ours),
        names::THREADS_CLUSTER_REDIS_RS => threads::subject(cluster_threads::RedisRs::new(world)?),
        names::THREADS_CLUSTER_TABLE => threads::subject(cluster_threads::SlotTable::new(world)?),
        names::THREADS_BARE | names::THREADS_BARE_AGAIN => {
            threads::subject(threads::Bare::new(url, None)?)
        }
        names::THREADS_BOUNDED => {
            threads::subject(threads::Bare::new(url, Some(Duration::from_millis(500)))?)
        }
        names::THREADS_OURS => threads::subject(ours::OursBlocking),
        names::R2D2 => threads::subject(r2d2::R2d2::connect(url)?),
        names::CLONE | names::CLONE_AGAIN | names::CLONE_POLL => {
            accessor::subject(runtime, accessor::Cloned(connection(world)?))
        }
        names::ARC_SWAP => accessor::subject(runtime, accessor::Swappable::new(connection(world)?)),
        names::GET | names::GET_POLL => accessor::subject(runtime, ours::Ours),
        names::GET_TWO => accessor::subject(runtime, ours::OursTwo),
        names::GET_OF_MANY => {
            let many = declared::components(10_000);
            accessor::subject(runtime, accessor::Declared(many[many.len() / 2]))
        }
        names::GET_DEADPOOL => accessor::subject(runtime, deadpool::Deadpool::new(url)?),
        _ => return Err(format!("there is no contestant `{name}`").into()),
    };
    Ok(subject)
}

fn connection(world: &World) -> Result<MultiplexedConnection, Failure> {
    let client = redis::Client::open(world.urls.data[0].as_str())?;
    let connection = client.get_multiplexed_async_connection();
    Ok(world.runtime.block_on(connection)?)
}

fn book(world: &World, wait: Duration) -> Result<Book, Failure> {
    let connected = Book::connect(&world.urls.config, "logs", wait);
    let mut book = world.runtime.block_on(connected)?;
    // A service calls once when it starts, because the book's code has no answer for a second
    // caller meanwhile.
    world.runtime.block_on(book.connection())?;
    Ok(book)
}
