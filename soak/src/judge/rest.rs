//! A rest: nobody calls, nothing is broken, and all components are at home. Then everything must
//! add up.

use std::time::{Duration, Instant};

use redis::RedisResult;
use serde::Serialize;

use super::accounts::{self, unexpected};
use crate::actors::operator::set;
use crate::admin::clients;
use crate::fleet::Fleet;
use crate::fleets::Fleets;
use crate::places::{Place, SERVERS, name, named};
use crate::record::history::What;
use crate::report::usage::Usage;
use crate::soak::Soak;
use crate::which::{Counted, Which};

/// The longest time until all calls have ended, components are at home, and the other servers are
/// empty. Ten times the usual time.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
const LOOKED_EVERY: Duration = Duration::from_millis(50);
/// Usage counts as steady after this long without a change.
const STEADY_FOR: Duration = Duration::from_secs(1);

/// The state at a rest.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rest {
    pub(crate) at_seconds: f64,
    pub(crate) usage: Usage,
    /// Clients of the data servers. All servers but the first must be empty.
    pub(crate) clients: [usize; SERVERS],
    pub(crate) config_server_clients: usize,
}

/// Brings everything to rest and checks what must add up.
///
/// # Errors
///
/// Returns what does not add up.
pub(crate) async fn rest(soak: &Soak, fleets: &Fleets) -> Result<Rest, String> {
    soak.gate.rest();
    until("all calls and faults end", || Ok(soak.gate.turns() == 0)).await?;
    come_home(soak, fleets).await?;
    until_left_servers_are_empty(soak).await?;
    until_only_watches_are_left(soak).await?;
    accounts::settle(soak)?;
    soak.forget_the_past();
    let usage = steady_usage().await;
    let mut connected = [0; SERVERS];
    for (server, connected) in connected.iter_mut().enumerate() {
        *connected = clients_of(soak, server)?.len();
    }
    let config_clients = clients(&soak.world.config.client()).map_err(|error| error.to_string())?;
    Ok(Rest {
        at_seconds: soak.journal.elapsed().as_secs_f64(),
        usage,
        clients: connected,
        config_server_clients: config_clients.len(),
    })
}

/// Moves all components home by way of another server, so that all clients are new and each pool
/// has one connection.
async fn come_home(soak: &Soak, fleets: &Fleets) -> Result<(), String> {
    for place in [Place::INN, Place::HOME] {
        let configs = Which::ALL.map(|which| {
            let config = soak.world.config_of(place, 0);
            (which, What::On(place), config)
        });
        set(soak, "all to one server", &configs);
        for which in Which::ALL {
            for fleet in Fleet::BOTH {
                arrive(fleets, fleet, which, place).await?;
            }
        }
    }
    Ok(())
}

/// Calls until the calls of tasks and threads run at a place, because calls replace clients.
async fn arrive(fleets: &Fleets, fleet: Fleet, which: Which, place: Place) -> Result<(), String> {
    let deadline = Instant::now() + SETTLED_WITHIN;
    loop {
        let by_task = fleets.run(fleet, which.count("home", "")).await;
        let by_thread = fleets.run_blocking(fleet, || which.count_blocking("home", ""));
        let both = [by_task, by_thread];
        if both.iter().all(|counted| is_on(place.server, counted)) {
            return Ok(());
        }
        if Instant::now() > deadline {
            let status = fleets.run_blocking(fleet, redis_components::status);
            return Err(format!(
                "`{which}` ({fleet:?}) did not arrive on {place} within {SETTLED_WITHIN:?}: {both:?}, {status:?}"
            ));
        }
        tokio::time::sleep(LOOKED_EVERY).await;
    }
}

fn is_on(server: usize, counted: &RedisResult<Counted>) -> bool {
    let there = counted.as_ref().ok().and_then(|(_, _, there)| named(there));
    there == Some(server)
}

async fn until_left_servers_are_empty(soak: &Soak) -> Result<(), String> {
    for server in 1..SERVERS {
        let mut left = Vec::new();
        let empty = until("the servers that were left are empty", || {
            left = clients_of(soak, server)?;
            Ok(left.is_empty())
        });
        let outcome = empty.await;
        outcome.map_err(|error| format!("{error}: {} has {left:#?}", name(server)))?;
    }
    Ok(())
}

/// Calls with `wait = "0s"` read over connections of their own, which are closed when nobody calls.
async fn until_only_watches_are_left(soak: &Soak) -> Result<(), String> {
    let mut left = Vec::new();
    let only_watches = until("the config server has only the watches", || {
        left = clients(&soak.world.config.client()).map_err(|error| error.to_string())?;
        Ok(left.len() <= Fleet::BOTH.len())
    });
    let outcome = only_watches.await;
    outcome.map_err(|error| format!("{error}: it has {left:#?}"))
}

fn clients_of(soak: &Soak, server: usize) -> Result<Vec<String>, String> {
    let mut all = Ok(Vec::new());
    soak.world.each_server(server, |server| {
        let some = clients(&server.client());
        all = std::mem::replace(&mut all, Ok(Vec::new())).and_then(|mut all| {
            all.extend(some?);
            Ok(all)
        });
    });
    all.map_err(|error| unexpected(server, &error))
}

/// Returns the usage once sockets, tasks and threads that end by themselves have ended.
async fn steady_usage() -> Usage {
    let comparable = |usage: Usage| (usage.file_descriptors, usage.threads);
    let deadline = Instant::now() + SETTLED_WITHIN;
    let mut usage = Usage::now();
    let mut since = Instant::now();
    while since.elapsed() < STEADY_FOR && Instant::now() < deadline {
        tokio::time::sleep(LOOKED_EVERY).await;
        let now = Usage::now();
        if comparable(now) != comparable(usage) {
            since = Instant::now();
        }
        usage = now;
    }
    usage
}

async fn until(
    what: &str,
    mut condition: impl FnMut() -> Result<bool, String>,
) -> Result<(), String> {
    let deadline = Instant::now() + SETTLED_WITHIN;
    while !condition()? {
        if Instant::now() > deadline {
            return Err(format!("not within {SETTLED_WITHIN:?} of rest: {what}"));
        }
        tokio::time::sleep(LOOKED_EVERY).await;
    }
    Ok(())
}
