//! dynamic-config-redis as in its example. Its user builds a connection from the new config and
//! swaps it in.

use std::sync::Arc;

use arc_swap::ArcSwap;
use dynamic_config::{Format, RemoteWatch, dynamic_config};
use dynamic_config_redis::Redis;
use redis::aio::MultiplexedConnection;
use serde::Deserialize;

use super::mover::Mover;
use crate::contestants::world::World;
use crate::failure::Failure;

const KEY: &str = "dynamic-config/moving";
const NAME: &str = "moving";

#[dynamic_config]
#[derive(Debug, Deserialize)]
struct Place {
    host: String,
    port: u16,
}

/// The connection that calls use.
#[derive(Clone)]
pub(crate) struct DynamicConfig {
    current: Arc<ArcSwap<MultiplexedConnection>>,
    /// Ends the watch when it is dropped.
    _watch: Arc<RemoteWatch>,
}

impl DynamicConfig {
    pub(crate) fn start(world: &World) -> Result<(Self, Mover), Failure> {
        let mut mover = Mover::of_document(&world.urls, KEY, NAME)?;
        mover.move_to(0)?;
        let source = || -> Result<Redis, Failure> {
            Ok(Redis::new(&world.urls.config, KEY)?.with_format(Format::Json))
        };
        Place::set_remote(source()?);
        Place::refresh_remote()?;
        Place::builder(NAME).init()?;
        let connected = world.runtime.block_on(connect(&Place::current()))?;
        let current = Arc::new(ArcSwap::from_pointee(connected));
        let swapped = Arc::clone(&current);
        let runtime = Arc::clone(&world.runtime);
        Place::on_reload(move |_, place| {
            // A server that cannot be reached leaves the old connection in place.
            if let Ok(connection) = runtime.block_on(connect(place)) {
                swapped.store(Arc::new(connection));
            }
        });
        let watch = Arc::new(RemoteWatch::new());
        let watching = watch.watching();
        let sink = Place::remote_sink();
        let watcher = source()?.reporting_to(sink);
        std::thread::spawn(move || {
            watcher.watch(&watching, |document| sink.apply(document).or(Ok(())))
        });
        let started = Self {
            current,
            _watch: watch,
        };
        Ok((started, mover))
    }

    pub(crate) fn connection(&self) -> MultiplexedConnection {
        MultiplexedConnection::clone(&self.current.load())
    }
}

async fn connect(place: &Place) -> Result<MultiplexedConnection, Failure> {
    let client = redis::Client::open((place.host.as_str(), place.port))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let () = redis::cmd("PING").query_async(&mut connection).await?;
    Ok(connection)
}
