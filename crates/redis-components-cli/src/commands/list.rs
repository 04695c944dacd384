//! `list`: the components and where they are.

use futures_util::future::join_all;
use serde::Serialize;

use crate::context::Context;
use crate::disabled::is_disabled;
use crate::failure::{Code, Failure};
use crate::fleet::control::Control;
use crate::fleet::counts::{Counts, Wanted};
use crate::fleet::receipts::Receipts;
use crate::fleet::silent::Silent;
use crate::history::Entry;
use crate::lines::warn;
use crate::output::{Reply, table};
use crate::session::Session;
use crate::subject::invalid;
use crate::text::printable;

/// A component on the config server.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) component: String,
    pub(crate) key: String,
    pub(crate) endpoint: Option<String>,
    pub(crate) digest: Option<String>,
    pub(crate) since: Option<String>,
    /// `None` if the config server does not show the fleet.
    fleet: Option<Counts>,
    pub(crate) problem: Option<String>,
    #[serde(skip)]
    pub(crate) is_disabled: bool,
}

impl Row {
    /// Returns `true` if nothing has changed but the time.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let [this, that] = [self, other].map(|row| (&row.endpoint, &row.digest, &row.problem));
        this == that
    }
}

pub(crate) async fn run(context: &Context) -> Result<Reply, Failure> {
    let session = context.session().await?;
    let components = session.components().await?;
    let mut rows = rows(&session, &components).await;
    if let Some((receipts, silent, control)) = fleet(&session).await? {
        for row in &mut rows {
            let wanted = row.digest.clone().map(|digest| Wanted {
                digest,
                canary: session.canary(&control, &row.component, row.is_disabled),
            });
            let counts = Counts::of(&receipts, &silent, &row.component, wanted.as_ref());
            row.fleet = Some(counts);
        }
    }
    let lines = rows.iter().map(|row| {
        let Row {
            component,
            endpoint,
            digest,
            since,
            fleet,
            problem,
            ..
        } = row;
        [
            Some(component.clone()),
            endpoint.clone(),
            digest.clone(),
            since.clone(),
            fleet.map(Counts::shown),
            problem.clone(),
        ]
    });
    let text = table(
        [
            "component",
            "endpoint",
            "digest",
            "since",
            "fleet",
            "problem",
        ],
        lines,
    );
    Ok(Reply::new(&rows, text))
}

/// Returns the processes that report, those that do not, and what concerns all of them, if the config
/// server shows it.
async fn fleet(session: &Session) -> Result<Option<(Receipts, Vec<Silent>, Control)>, Failure> {
    let found = async {
        let receipts = session.receipts(None).await?;
        let silent = session.silent(&receipts).await?;
        let control = match session.strict_control().await {
            Err(failure) if [Code::ConfigInvalid, Code::WrongType].contains(&failure.code) => {
                warn(&format!("canaries are not shown: {}", failure.message));
                Control::default()
            }
            // Without its salt no digest can be compared.
            control => control?,
        };
        Ok::<_, Failure>((receipts, silent, control))
    };
    match found.await {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.code == Code::ConfigServerUnreachable => Err(failure),
        Err(failure) => {
            warn(&format!("the fleet is not shown: {}", failure.message));
            Ok(None)
        }
    }
}

/// Returns a row for each component.
pub(crate) async fn rows(session: &Session, components: &[String]) -> Vec<Row> {
    let configs = session.read_all(components).await;
    let newest = components.iter().map(|component| async {
        // Without the right to read it there is no time.
        session.entries(component, 1).await.ok()?.pop()
    });
    let newest = join_all(newest).await;
    let found = components.iter().zip(configs).zip(newest);
    found
        .map(|((component, config), newest)| row(session, component, config, newest))
        .collect()
}

/// Returns the row of one component.
pub(crate) fn row(
    session: &Session,
    component: &str,
    found: Result<Option<Vec<u8>>, Failure>,
    newest: Option<Entry>,
) -> Row {
    let mut row = Row {
        component: component.to_owned(),
        key: printable(&session.names.key(component)),
        endpoint: None,
        digest: None,
        since: None,
        fleet: None,
        problem: None,
        is_disabled: false,
    };
    let bytes = match found {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            row.problem = Some("there is no config".to_owned());
            return row;
        }
        Err(failure) => {
            row.problem = Some(failure.message);
            return row;
        }
    };
    row.since = newest
        .filter(|entry| entry.config == bytes)
        .and_then(|entry| entry.note.at);
    let Ok(text) = String::from_utf8(bytes) else {
        row.problem = Some("the config is not UTF-8".to_owned());
        return row;
    };
    match redis_components::ComponentConfig::from_json(&text) {
        Ok(config) => {
            row.digest = Some(session.digest(&config));
            let address = config.address();
            // A component that is switched off may have no server.
            row.endpoint = Some(address).filter(|address| !address.starts_with(':'));
            row.is_disabled = is_disabled(&config);
            if row.is_disabled {
                row.problem = Some("it is switched off".to_owned());
            }
        }
        Err(_) => row.problem = invalid(component, &text).map(|failure| failure.message),
    }
    row
}
