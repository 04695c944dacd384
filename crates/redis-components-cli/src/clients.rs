//! The clients of a server, as `CLIENT LIST` shows them.

use serde::Serialize;

use crate::text::printable;

/// What this program calls its own connections.
pub(crate) const OWN_NAME: &str = "redis-components-cli";

/// How the names of connections begin over which a move acts. The lease follows.
pub(crate) const OF_MOVES: &str = "redis-components:move:";

/// A client of a server.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Client {
    pub(crate) address: String,
    pub(crate) name: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) component: Option<String>,
    pub(crate) application: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) pid: Option<u32>,
    pub(crate) idle: Option<u64>,
    pub(crate) db: Option<u32>,
    pub(crate) flags: Option<String>,
    /// For how many seconds it has been connected.
    #[serde(skip)]
    pub(crate) age: u64,
    #[serde(skip)]
    pub(crate) id: Option<u64>,
    /// The last command.
    #[serde(skip)]
    command: String,
}

/// The commands of those who look after a server.
const OF_OBSERVERS: [&str; 15] = [
    "NULL", "auth", "client", "cluster", "command", "config", "dbsize", "hello", "info", "latency",
    "monitor", "ping", "role", "slowlog", "time",
];

/// The last commands of a client that has only been made ready, or is asked whether it lives.
const OF_POOLS: [&str; 6] = [
    "auth",
    "client",
    "client|setinfo",
    "client|setname",
    "hello",
    "ping",
];

impl Client {
    /// Reads an answer to `CLIENT LIST`.
    pub(crate) fn parse_all(list: &str) -> Vec<Self> {
        list.lines().map(Self::parse).collect()
    }

    fn parse(line: &str) -> Self {
        let mut client = Self::default();
        for (name, value) in line.split(' ').filter_map(|field| field.split_once('=')) {
            let text = || Some(printable(value)).filter(|value| !value.is_empty());
            match name {
                "id" => client.id = value.parse().ok(),
                "addr" => client.address = printable(value),
                "name" => client.name = text(),
                "user" => client.user = text(),
                "age" => client.age = value.parse().unwrap_or_default(),
                "idle" => client.idle = value.parse().ok(),
                "db" => client.db = value.parse().ok(),
                "flags" => client.flags = text(),
                "cmd" => client.command = value.to_owned(),
                _ => {}
            }
        }
        let name = client.name.clone().unwrap_or_default();
        if let [application, component, instance] = *name.split(':').collect::<Vec<_>>()
            && !name.starts_with(OF_MOVES)
        {
            let part = |part: &str| Some(part.to_owned()).filter(|part| !part.is_empty());
            client.application = part(application);
            client.component = part(component);
            client.instance = part(instance);
            client.pid = parts(instance).map(|(_, pid)| pid);
        }
        client
    }

    /// Returns `true` if the server pushes to it what has changed of the keys that it has read.
    pub(crate) fn is_tracking(&self) -> bool {
        self.flags
            .as_deref()
            .is_some_and(|flags| flags.contains('t'))
    }

    /// Returns `true` if it only looks after the server, as far as its name and its last command show.
    pub(crate) fn observes(&self) -> bool {
        let command = self.command.split('|').next().unwrap_or_default();
        !self.is_named() && !self.is_pooled() && OF_OBSERVERS.contains(&command)
    }

    /// Returns `true` if an application has named it that may only keep it ready for later.
    fn is_pooled(&self) -> bool {
        let name = self.name.as_deref();
        name.is_some_and(|name| name != OWN_NAME && !name.starts_with(OF_MOVES))
            && OF_POOLS.contains(&&*self.command)
    }

    /// Returns `true` if its last command was a `PING`.
    pub(crate) fn has_pinged(&self) -> bool {
        self.command == "ping"
    }

    /// Returns the host that its name tells.
    pub(crate) fn host(&self) -> Option<&str> {
        let (host, _) = parts(self.instance.as_deref()?)?;
        Some(host)
    }

    /// Returns `true` if its name is one that a process of the runtime gives to its connections.
    pub(crate) fn is_named(&self) -> bool {
        self.application.is_some() && self.pid.is_some()
    }
}

/// Returns the host and the process of an instance, `<host>-<pid>-<4 hexadecimal digits>`.
fn parts(instance: &str) -> Option<(&str, u32)> {
    let mut parts = instance.rsplitn(3, '-');
    let random = parts.next()?;
    let pid = parts.next()?.parse().ok()?;
    let is_random = random.len() == 4 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
    let host = parts.next()?;
    is_random.then_some((host, pid))
}

#[cfg(test)]
mod tests {
    use super::Client;

    #[test]
    fn a_client_is_told_by_its_name() {
        let client = Client::parse(
            "id=3 addr=127.0.0.1:5000 laddr=127.0.0.1:6379 name=shop:logs:web-1-42-0a1b age=1 \
            idle=7 flags=N db=2 user=u",
        );
        assert_eq!(client.application.as_deref(), Some("shop"));
        assert_eq!(client.component.as_deref(), Some("logs"));
        assert_eq!(client.instance.as_deref(), Some("web-1-42-0a1b"));
        assert_eq!(
            (client.pid, client.idle, client.db),
            (Some(42), Some(7), Some(2))
        );
        assert_eq!(client.host(), Some("web-1"));
        assert!(client.is_named() && !client.is_tracking());
        let other = Client::parse("addr=127.0.0.1:5000 name= db=0 flags=t");
        assert_eq!((&other.name, &other.component), (&None, &None));
        assert!(other.is_tracking() && !other.is_named());
    }

    #[test]
    fn a_client_with_a_name_that_is_kept_ready_does_not_only_look() {
        for (fields, observes) in [
            ("name=billing cmd=ping", false),
            ("name=billing cmd=client|setname", false),
            ("name=billing cmd=get", false),
            ("name=exporter cmd=info", true),
            ("name=exporter cmd=client|list", true),
            ("name=redis-components-cli cmd=client|setname", true),
            ("name= cmd=ping", true),
            ("name=shop:logs:web-1-42-0a1b cmd=info", false),
        ] {
            let client = Client::parse(&format!("addr=h:1 {fields}"));
            assert_eq!(client.observes(), observes, "{fields}");
        }
    }

    #[test]
    fn three_words_are_not_always_the_name_of_a_process() {
        for name in [
            "a:b:c",
            "a:b:c-1",
            "a:b:web-1-2",
            "a:b:web-x-0a1b",
            "a:b:1-0a1b",
        ] {
            let client = Client::parse(&format!("addr=h:1 name={name}"));
            assert!(!client.is_named(), "{name}");
        }
    }
}
