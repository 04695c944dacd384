//! Which server answers a config. One server has many names: addresses, unix sockets, proxies. Each run
//! of it has one ID.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use redis::{AsyncConnectionConfig, ProtocolVersion};
use redis_components::{ComponentConfig, open_connection};
use tokio::time::timeout;

use crate::failure::Code;
use crate::moving::servers::link::Place;
use crate::moving::servers::seen::Seen;
use crate::probe::AT_ONCE;
use crate::server_failure::{of_redis, said};
use crate::session::settings;

/// How long a server may take to say who it is.
const WITHIN: Duration = Duration::from_secs(3);

/// Returns the IDs of the runs that answer at these places.
pub(crate) async fn runs_of(places: &[&Place]) -> BTreeSet<String> {
    let runs = places.iter().map(|place| run_of(place));
    let runs: Vec<_> = iter(runs).buffered(AT_ONCE).collect().await;
    runs.into_iter().flatten().collect()
}

async fn run_of(place: &Place) -> Option<String> {
    let seen = async {
        let link = place.connect().await.ok()?;
        let seen = link.see().await.ok();
        // A client that is only dropped may be listed as one that is left.
        let _ = link.query::<()>(&["QUIT"]).await;
        seen
    };
    let seen = timeout(WITHIN, seen).await.ok().flatten()?;
    Some(seen.run_id).filter(|run| !run.is_empty())
}

/// Returns `true` if one server answers at both places.
pub(crate) async fn is_one_run(one: &Place, other: &Place) -> bool {
    let runs = runs_of(&[one]).await;
    !runs.is_empty() && runs == runs_of(&[other]).await
}

/// Returns the ID of the run that answers with the login of a place at another address, if any does.
pub(crate) async fn run_at(place: &Place, host: &str, port: u16) -> Option<String> {
    run_of(&place.at(host, port).ok()?).await
}

/// Returns the ID of the run that answers each config, in their order, or why it is not known.
pub(crate) async fn runs_behind(configs: Vec<ComponentConfig>) -> Vec<Result<String, String>> {
    let runs = configs.into_iter().map(|config| async move {
        let asked = timeout(WITHIN, run_behind(&config)).await;
        asked.unwrap_or_else(|_| {
            let server = config.address();
            Err(format!(
                "{server} did not answer within {} s",
                WITHIN.as_secs()
            ))
        })
    });
    iter(runs).buffered(AT_ONCE).collect().await
}

async fn run_behind(config: &ComponentConfig) -> Result<String, String> {
    let plain = AsyncConnectionConfig::new();
    let opened = open_connection(config, &settings(), ProtocolVersion::RESP2, plain).await;
    let mut connection = opened.map_err(|error| said(&error))?;
    let mut info = redis::cmd("INFO");
    let info = info
        .arg("server")
        .query_async::<String>(&mut connection)
        .await;
    let _ = redis::cmd("QUIT").query_async::<()>(&mut connection).await;
    let info = info.map_err(|error| {
        let codes = [Code::ServerRefused, Code::ServerUnreachable];
        of_redis(&error, "the server", &config.address(), codes).message
    })?;
    let run = Seen::parse(&info).run_id;
    if run.is_empty() {
        return Err(format!("{} does not say its `run_id`", config.address()));
    }
    Ok(run)
}
