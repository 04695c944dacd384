//! A list of servers, as a config writes it.

use serde_json::Value;

use super::component_config::DEFAULT_PORT;
use super::endpoint::Address;
use super::host;

/// Returns the servers of a list of `"host:port"`, `["host", port]` or `{"host": …, "port": …}`.
///
/// # Errors
///
/// Returns the reason, to stand after the name of the field. It contains none of the list.
pub(super) fn read(list: &Value) -> Result<Vec<Address>, String> {
    const FORM: &str =
        "must be a list of servers, for example [\"10.0.0.7:7000\", \"10.0.0.8:7000\"]";
    let Value::Array(servers) = list else {
        return Err(FORM.into());
    };
    if servers.is_empty() {
        return Err("is empty; name at least one server".into());
    }
    let mut addresses = Vec::new();
    for server in servers {
        let (host, port) = parts(server).ok_or(FORM)?;
        let host =
            host::check(host).map_err(|wrong| format!("names a server whose host {wrong}"))?;
        let port = match port {
            Port::Absent => Some(DEFAULT_PORT),
            Port::Text(text) => text.parse().ok(),
            Port::Value(value) => super::number::whole(value).and_then(|port| port.try_into().ok()),
        };
        let port = port.filter(|port| *port != 0);
        let address = Address::Tcp {
            host: host.to_owned(),
            port: port.ok_or("names a server whose port is not a whole number from 1 to 65535")?,
        };
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// Returns the list that means these servers.
pub(super) fn write(addresses: &[Address]) -> Value {
    addresses
        .iter()
        .map(|address| Value::String(address.to_string()))
        .collect()
}

enum Port<'a> {
    Absent,
    Text(&'a str),
    Value(&'a Value),
}

fn parts(server: &Value) -> Option<(&str, Port<'_>)> {
    match server {
        Value::String(text) => Some(host_and_port(text)),
        Value::Array(pair) => match pair.as_slice() {
            [Value::String(host), port] => Some((host, Port::Value(port))),
            _ => None,
        },
        Value::Object(fields) => {
            let host = fields.get("host")?.as_str()?;
            let is_known = |name: &String| ["host", "port"].contains(&name.as_str());
            let port = fields.get("port").filter(|port| !port.is_null());
            let port = port.map_or(Port::Absent, Port::Value);
            fields.keys().all(is_known).then_some((host, port))
        }
        _ => None,
    }
}

/// Splits `host:port`. An IPv6 address with a port stands in brackets.
fn host_and_port(text: &str) -> (&str, Port<'_>) {
    let is_address_alone = text.matches(':').count() > 1 && !text.contains("]:");
    match text.rsplit_once(':') {
        Some((host, port)) if !is_address_alone && !text.contains("//") => (host, Port::Text(port)),
        _ => (text, Port::Absent),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read, write};

    #[test]
    fn a_server_may_be_written_in_three_ways() {
        let list =
            json!(["a:1", ["b", 2], {"host": "c", "port": "3"}, "d", "[::1]:5", "::1", "a:1"]);
        let servers = read(&list).unwrap();
        let written = json!(["a:1", "b:2", "c:3", "d:6379", "[::1]:5", "[::1]:6379"]);
        assert_eq!(write(&servers), written);
        assert_eq!(read(&written).unwrap(), servers);
    }

    #[test]
    fn what_names_no_server_is_refused_without_being_shown() {
        for (list, reason) in [
            (json!([]), "is empty"),
            (json!("a:1"), "must be a list"),
            (json!([7]), "must be a list"),
            (json!([["a"]]), "must be a list"),
            (json!([{"host": "a", "name": "x"}]), "must be a list"),
            (json!(["a:x"]), "whose port is not"),
            (json!(["a:0"]), "whose port is not"),
            (json!([["a", 99_999]]), "whose port is not"),
            (json!(["0.0.0.0:1"]), "whose host is a wildcard"),
            (json!(["redis://u:S3cret@h:1"]), "whose host holds a url"),
        ] {
            let error = read(&list).unwrap_err();
            assert!(error.contains(reason), "{list}: {error}");
            assert!(!error.contains("S3cret"), "{error}");
        }
    }
}
