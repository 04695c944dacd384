//! A component behind sentinels: they let another of their servers take over.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::failure::{Code, Failure};
use crate::moving::servers::host::{is_one_of, names_of};
use crate::moving::servers::link::{Link, Place};

const SENTINELS_PORT: u16 = 26_379;
/// What begins the names of the fields that are for the sentinels.
const FOR_SENTINELS: &str = "sentinel_";

/// The sentinels that a config names, and the service that they watch.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) component: String,
    pub(crate) name: String,
    fields: Map<String, Value>,
}

/// A replica, as a sentinel lists it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) host: String,
    pub(crate) port: u16,
    priority: u32,
    is_usable: bool,
}

impl Service {
    /// Returns the service of a config; nothing if it names no sentinels.
    pub(crate) fn of_config(component: &str, text: &str) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
        fields.get("sentinels").filter(|value| !value.is_null())?;
        let name = fields.get("service_name")?.as_str()?.to_owned();
        Some(Self {
            component: component.to_owned(),
            name,
            fields,
        })
    }

    /// Returns one of the servers with the data.
    ///
    /// # Errors
    ///
    /// Returns an error if the config says nothing that a server can be reached with.
    pub(crate) fn server(&self, host: &str, port: u16) -> Result<Place, Failure> {
        let mut fields = self.fields.clone();
        fields.retain(|name, _| {
            !name.starts_with(FOR_SENTINELS) && name != "sentinels" && name != "service_name"
        });
        self.place(fields, host, port)
    }

    fn place(
        &self,
        mut fields: Map<String, Value>,
        host: &str,
        port: u16,
    ) -> Result<Place, Failure> {
        fields.insert("host".to_owned(), host.into());
        fields.insert("port".to_owned(), port.into());
        Place::of_config(&self.component, &Value::Object(fields).to_string())
    }

    /// Connects to a sentinel that answers.
    ///
    /// # Errors
    ///
    /// Returns why the last one does not, if none does.
    pub(crate) async fn connect(&self) -> Result<Link, Failure> {
        let kwargs = self
            .fields
            .get("sentinel_kwargs")
            .and_then(Value::as_object);
        let mut login = kwargs.cloned().unwrap_or_default();
        for (name, value) in &self.fields {
            if let Some(name) = name.strip_prefix(FOR_SENTINELS)
                && name != "kwargs"
            {
                login.insert(name.to_owned(), value.clone());
            }
        }
        let mut failed = None;
        for (host, port) in self.sentinels() {
            match self.place(login.clone(), &host, port)?.connect().await {
                Ok(link) => return Ok(link),
                Err(failure) => failed = Some(failure),
            }
        }
        Err(failed.unwrap_or_else(|| Failure::new(Code::NotPossible, "no sentinel is named")))
    }

    fn sentinels(&self) -> Vec<(String, u16)> {
        let named = match self.fields.get("sentinels") {
            Some(Value::Array(named)) => named.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        };
        named.iter().filter_map(address).collect()
    }

    /// Returns the server that a sentinel names as the primary.
    ///
    /// # Errors
    ///
    /// Returns an error if it names none.
    pub(crate) async fn primary(&self, sentinel: &Link) -> Result<(String, u16), Failure> {
        let words = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", &self.name];
        let found: Option<(String, u16)> = sentinel.query(&words).await?;
        found.ok_or_else(|| {
            let server = sentinel.place.address();
            let text = format!(
                "the sentinel {server} knows no service `{}`; check `service_name`",
                self.name
            );
            Failure::new(Code::NotPossible, text).at(&server)
        })
    }

    /// Returns the replicas that a sentinel lists.
    ///
    /// # Errors
    ///
    /// Returns an error if it lists none, or this user may not ask.
    pub(crate) async fn replicas(&self, sentinel: &Link) -> Result<Vec<Listed>, Failure> {
        let words = ["SENTINEL", "REPLICAS", &self.name];
        let listed: Vec<HashMap<String, String>> = sentinel.query(&words).await?;
        Ok(listed.iter().map(Listed::read).collect())
    }

    /// Returns `true` if the sentinel lets servers hand over without loss. It asks for a service that
    /// no sentinel watches.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not answer.
    pub(crate) async fn is_coordinated(&self, sentinel: &Link) -> Result<bool, Failure> {
        let nobody = format!("redis-components-{:016x}", fastrand::u64(..));
        let words = ["SENTINEL", "FAILOVER", &nobody, "COORDINATED"];
        match sentinel.try_query::<redis::Value>(&words).await {
            // One that does not know the word counts words.
            Err(error) if error.code().is_some() => {
                Ok(error.to_string().to_lowercase().contains("no such"))
            }
            Err(error) => Err(sentinel.failure(&error)),
            Ok(_) => Ok(true),
        }
    }
}

impl Listed {
    fn read(fields: &HashMap<String, String>) -> Self {
        let text = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let number = |name: &str| text(name).parse().unwrap_or(0);
        let is_down = |flag: &str| matches!(flag, "s_down" | "o_down" | "disconnected");
        Self {
            host: text("ip").to_owned(),
            port: text("port").parse().unwrap_or(0),
            priority: number("slave-priority"),
            is_usable: !text("flags").split(',').any(is_down) && text("master-link-status") == "ok",
        }
    }

    /// Returns `true` if another name means this replica.
    pub(crate) async fn is_at(&self, place: &Place) -> bool {
        self.port == place.port && is_one_of(&names_of(&place.host).await, &self.host).await
    }

    /// Returns `true` if the sentinels let this one take over, whatever else they know.
    pub(crate) fn is_first_of(&self, all: &[Self]) -> bool {
        let comes_later = |other: &Self| {
            other.priority == 0 || !other.is_usable || other.priority > self.priority
        };
        let is_self = |other: &Self| other.port == self.port && other.host == self.host;
        self.priority > 0
            && self.is_usable
            && all.iter().all(|other| is_self(other) || comes_later(other))
    }
}

fn address(named: &Value) -> Option<(String, u16)> {
    if let Value::Array(pair) = named {
        let port = pair.get(1).and_then(Value::as_u64)?;
        return Some((
            pair.first()?.as_str()?.to_owned(),
            u16::try_from(port).ok()?,
        ));
    }
    let text = named.as_str()?;
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok()?)
        }
        _ => (text, SENTINELS_PORT),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_owned(), port))
}
