//! `who`: who is connected to a server.

use std::time::Duration;

use clap::Args;
use clap_complete::ArgValueCandidates;
use redis::{AsyncConnectionConfig, ProtocolVersion};
use redis_components::{ComponentConfig, open_connection};

use crate::clients::Client;
use crate::complete::components;
use crate::context::{Context, secret_argument};
use crate::failure::{Code, Failure};
use crate::fleet::owners::{Owned, Owners};
use crate::fleet::receipts::Receipts;
use crate::history::KEPT;
use crate::lines::warn;
use crate::output::{Reply, table};
use crate::server_failure::{code, of_redis, said};
use crate::session::{Session, settings};
use crate::subject::{invalid, utf8};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A component, or the address of a server. The login is that of a config that names the
    /// server, or of an entry of a history.
    #[arg(value_name = "COMPONENT|HOST:PORT", add = ArgValueCandidates::new(components))]
    server: String,
    /// The user to log in as.
    #[arg(long)]
    user: Option<String>,
    /// `-` to be asked for the password, or `@FILE`.
    #[arg(long, value_name = "-|@FILE")]
    password: Option<String>,
}

const CODES: [Code; 2] = [Code::ServerRefused, Code::ServerUnreachable];

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let session = session(context, options).await?;
    let mut config = find(session.as_ref(), options).await?;
    if let Some(user) = &options.user {
        config = config.username(user);
    }
    if let Some(password) = &options.password {
        let password = secret_argument("password", password).await?;
        config = config.password(password);
    }
    let server = config.address();
    let settings = settings();
    let plain = AsyncConnectionConfig::new();
    let opened = open_connection(&config, &settings, ProtocolVersion::RESP2, plain);
    let mut connection = opened
        .await
        .map_err(|error| Failure::new(code(&error, CODES), said(&error)).at(&server))?;
    let mut ask = redis::pipe();
    ask.cmd("CLIENT").arg("ID").cmd("CLIENT").arg("LIST");
    let answer = ask.query_async(&mut connection).await;
    let (own, list): (u64, String) =
        answer.map_err(|error| of_redis(&error, "the server", &server, CODES))?;
    let (receipts, watches) = match &session {
        Some(session) => fleet(session).await,
        None => Default::default(),
    };
    let owners = Owners::new(&receipts, &watches);
    let component = Some(&*options.server).filter(|name| !name.contains(':'));
    let clients = Client::parse_all(&list).into_iter();
    let rows: Vec<Owned> = clients
        .filter(|client| client.id != Some(own))
        .map(|client| owners.owned(client, component))
        .collect();
    let lines = rows.iter().map(|row| {
        let Owned {
            client,
            host,
            told_by,
            state,
            reason,
        } = row;
        let idle = client
            .idle
            .map(|idle| humantime::format_duration(Duration::from_secs(idle)));
        [
            Some(client.address.clone()),
            client.name.clone(),
            client.user.clone(),
            client.component.clone(),
            client.application.clone(),
            host.clone(),
            client.pid.map(|pid| pid.to_string()),
            told_by.map(|told_by| told_by.name().to_owned()),
            idle.map(|idle| idle.to_string()),
            client.db.map(|db| db.to_string()),
            client.flags.clone(),
            state.map(str::to_owned),
            reason.clone(),
        ]
    });
    let names = [
        "address",
        "name",
        "user",
        "component",
        "application",
        "host",
        "pid",
        "told by",
        "idle",
        "db",
        "flags",
        "state",
        "reason",
    ];
    let text = table(names, lines);
    Ok(Reply::new(&rows, text))
}

/// Connects to the config server. A server with its own login can be looked at without one.
async fn session(context: &Context, options: &Options) -> Result<Option<Session>, Failure> {
    match context.session().await {
        Ok(session) => Ok(Some(session)),
        Err(failure) if !options.server.contains(':') => Err(failure),
        Err(failure) if failure.code == Code::NoConfigServer => Ok(None),
        Err(failure) if options.user.is_some() || options.password.is_some() => {
            warn(&format!("processes are not told: {}", failure.message));
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// Returns the receipts and the clients of the config server, or none if they are not shown.
async fn fleet(session: &Session) -> (Receipts, Vec<Client>) {
    let found = async {
        let receipts = session.receipts(None).await?;
        Ok((receipts, session.clients().await?.0))
    };
    found.await.unwrap_or_else(|failure: Failure| {
        warn(&format!("processes are not told: {}", failure.message));
        Default::default()
    })
}

/// Returns a config that names the server.
async fn find(session: Option<&Session>, options: &Options) -> Result<ComponentConfig, Failure> {
    let component = &options.server;
    let Some((host, port)) = component.rsplit_once(':') else {
        let session = session.ok_or_else(|| Failure::usage("a component needs a config server"))?;
        let text = utf8(session.config_of(component).await?, component)?;
        return ComponentConfig::from_json(&text).map_err(|error| {
            let failure = invalid(component, &text);
            failure.unwrap_or_else(|| Failure::new(Code::ConfigInvalid, error.to_string()))
        });
    };
    // A URL and a config may hold a password, so they are not repeated.
    let is_host = !host.is_empty() && !host.contains(['/', '@', '{', '"']);
    let port = port.parse().ok().filter(|_| is_host).ok_or_else(|| {
        let text = "write a server as HOST:PORT, such as 10.0.0.8:6379, and its login with --user and --password";
        Failure::usage(text)
    })?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let wanted = ComponentConfig::new(host).port(port);
    if options.user.is_some() || options.password.is_some() {
        return Ok(wanted);
    }
    let known = match session {
        Some(session) => named(session, &wanted.address()).await?,
        None => None,
    };
    Ok(known.unwrap_or(wanted))
}

/// Returns the newest config, or entry of a history, with this address.
async fn named(session: &Session, address: &str) -> Result<Option<ComponentConfig>, Failure> {
    let names = session.components().await?;
    let read = |bytes: Vec<u8>| ComponentConfig::from_json(&String::from_utf8(bytes).ok()?).ok();
    let is_there = |config: &ComponentConfig| config.address() == address;
    let configs = session.read_all(&names).await;
    let mut found = configs
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(read)
        .filter(is_there);
    if let Some(config) = found.next() {
        return Ok(Some(config));
    }
    for name in &names {
        let entries = session.entries(name, KEPT + 2).await?;
        let mut found = entries
            .into_iter()
            .filter_map(|entry| read(entry.config))
            .filter(is_there);
        if let Some(config) = found.next() {
            return Ok(Some(config));
        }
    }
    Ok(None)
}
