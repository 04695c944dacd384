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
use crate::history::KEPT;
use crate::output::{Reply, table};
use crate::session::{Session, code, of_redis, settings};
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
    let mut config = find(context, options).await?;
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
        .map_err(|error| Failure::new(code(&error, CODES), error.to_string()).at(&server))?;
    let mut ask = redis::pipe();
    ask.cmd("CLIENT").arg("ID").cmd("CLIENT").arg("LIST");
    let answer = ask.query_async(&mut connection).await;
    let (own, list): (u64, String) =
        answer.map_err(|error| of_redis(&error, "the server", &server, CODES))?;
    let mut rows = Client::parse_all(&list);
    rows.retain(|client| client.id != Some(own));
    let lines = rows.iter().map(|row| {
        let idle = row
            .idle
            .map(|idle| humantime::format_duration(Duration::from_secs(idle)));
        [
            Some(row.address.clone()),
            row.name.clone(),
            row.user.clone(),
            row.component.clone(),
            row.application.clone(),
            row.instance.clone(),
            row.pid.map(|pid| pid.to_string()),
            idle.map(|idle| idle.to_string()),
            row.db.map(|db| db.to_string()),
            row.flags.clone(),
        ]
    });
    let names = [
        "address",
        "name",
        "user",
        "component",
        "application",
        "instance",
        "pid",
        "idle",
        "db",
        "flags",
    ];
    let text = table(names, lines);
    Ok(Reply::new(&rows, text))
}

/// Returns a config that names the server.
async fn find(context: &Context, options: &Options) -> Result<ComponentConfig, Failure> {
    let Some((host, port)) = options.server.rsplit_once(':') else {
        let session = context.session().await?;
        let component = &options.server;
        let text = utf8(session.config_of(component).await?, component)?;
        return ComponentConfig::from_json(&text).map_err(|error| {
            let failure = invalid(component, &text);
            failure.unwrap_or_else(|| Failure::new(Code::ConfigInvalid, error.to_string()))
        });
    };
    let port = port
        .parse()
        .map_err(|_| Failure::usage("write a server as HOST:PORT"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let wanted = ComponentConfig::new(host).port(port);
    if options.user.is_some() || options.password.is_some() {
        return Ok(wanted);
    }
    let known = match context.session().await {
        Ok(session) => named(&session, &wanted.address()).await?,
        // A server without a login can be looked at without the config server.
        Err(failure) if failure.code == Code::NoConfigServer => None,
        Err(failure) => return Err(failure),
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
