//! Several servers in one field: `["h:26379", …]`, or as redis-py has them, `[["h", 26379], …]` and
//! `[{"host": "h", "port": 7000}, …]`.

use serde_json::{Map, Value};

use super::endpoint::Address;
use super::{host, number};

/// How many servers a config may name.
const MOST: usize = 64;

/// What is wrong with a port that is a number.
const OUT_OF_RANGE: &str = "has no port from 1 to 65535";

/// Returns the servers that the value of the field `name` stands for.
///
/// # Errors
///
/// Returns the reason and what to write instead. The text contains no part of the value.
pub(super) fn read(name: &str, value: &Value, port: u16) -> Result<Vec<Address>, String> {
    let form = || format!("`{name}` must be servers: [\"host:{port}\", …]");
    let servers = value.as_array().ok_or_else(form)?;
    if servers.is_empty() {
        return Err(format!("`{name}` is empty; name at least one server"));
    }
    if servers.len() > MOST {
        return Err(format!("`{name}` names more than {MOST} servers"));
    }
    let mut addresses = Vec::new();
    for (number, server) in (1..).zip(servers) {
        let wrong = |what: &str| format!("server {number} of `{name}` {what}");
        let (host, port) = match server {
            Value::String(text) if text.contains("://") => return Err(wrong(of_url(name))),
            Value::String(text) => split(text, port).map_err(wrong)?,
            Value::Array(pair) => match pair.as_slice() {
                [Value::String(host), port] => (host.as_str(), port_of(port).map_err(wrong)?),
                _ => return Err(wrong("is no pair of a host and a port")),
            },
            Value::Object(fields) => of_fields(fields, port).map_err(wrong)?,
            _ => return Err(form()),
        };
        let host = host::check(host).map_err(wrong)?.to_owned();
        let address = Address::Tcp { host, port };
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// Returns the list that means these servers.
pub(super) fn write(addresses: &[Address]) -> Value {
    addresses.iter().map(Address::to_string).collect()
}

/// Returns what to write instead of a url.
fn of_url(name: &str) -> &'static str {
    match name {
        "sentinels" => "holds a url; write it as \"host:port\", and TLS as \"sentinel_ssl\": true",
        _ => "holds a url; write it as \"host:port\", and TLS as \"ssl\": true",
    }
}

fn of_fields(fields: &Map<String, Value>, usual: u16) -> Result<(&str, u16), &'static str> {
    let is_known = |name: &String| ["host", "port"].contains(&name.as_str());
    match fields.get("host") {
        Some(Value::String(host)) if fields.keys().all(is_known) => {
            let port = fields.get("port").filter(|port| !port.is_null());
            Ok((host, port.map_or(Ok(usual), port_of)?))
        }
        _ => Err("is no object of a host and a port"),
    }
}

fn port_of(value: &Value) -> Result<u16, &'static str> {
    let port = number::whole(value).and_then(valid_port);
    port.ok_or(OUT_OF_RANGE)
}

/// Returns the host and the port, or the port that servers of the field usually have.
fn split(server: &str, usual: u16) -> Result<(&str, u16), &'static str> {
    let is_ipv6 = server.matches(':').count() > 1;
    match server.rsplit_once(':') {
        Some((host, port)) if !is_ipv6 || host.ends_with(']') => {
            let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            if !is_number {
                return Err(
                    "has no port behind its last colon; write it as \"host:port\", an IPv6 address in brackets",
                );
            }
            let port = number::digits(port).and_then(valid_port);
            Ok((host, port.ok_or(OUT_OF_RANGE)?))
        }
        _ => Ok((server, usual)),
    }
}

fn valid_port(number: u64) -> Option<u16> {
    u16::try_from(number).ok().filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read, write};

    #[test]
    fn r13_servers_are_written_in_several_ways() {
        let servers = json!([
            "a", "b:1", ["c", 2], ["d", "3"], "[::1]:4", "::1", "[::2]",
            {"host": "e"}, {"host": "f", "port": 5}, {"host": "g", "port": null}
        ]);
        let servers = read("sentinels", &servers, 26379).unwrap();
        let written = json!([
            "a:26379",
            "b:1",
            "c:2",
            "d:3",
            "[::1]:4",
            "[::1]:26379",
            "[::2]:26379",
            "e:26379",
            "f:5",
            "g:26379"
        ]);
        assert_eq!(write(&servers), written);
        assert_eq!(read("sentinels", &written, 26379).unwrap(), servers);
    }

    #[test]
    fn r13_a_server_that_is_named_twice_is_one() {
        let read = read("sentinels", &json!(["a", ["a", 26379]]), 26379);
        assert_eq!(read.unwrap().len(), 1);
    }

    #[test]
    fn r13_what_is_no_list_of_servers_is_refused() {
        for (value, reason) in [
            (
                json!("a:1,b:2"),
                "`sentinels` must be servers: [\"host:26379\", …]",
            ),
            (json!([]), "`sentinels` is empty"),
            (json!(vec!["a"; 65]), "more than 64"),
            (json!([1]), "must be servers"),
            (json!(["a", "b:x"]), "server 2 of `sentinels` has no port"),
            (json!(["a:"]), "has no port behind its last colon"),
            (json!(["a:+1"]), "has no port behind its last colon"),
            (json!(["a:0"]), "has no port from 1 to 65535"),
            (json!(["[::1]:0"]), "has no port from 1 to 65535"),
            (json!(["a:65536"]), "has no port from 1 to 65535"),
            (
                json!(["a:99999999999999999999"]),
                "has no port from 1 to 65535",
            ),
            (json!([["a"]]), "is no pair"),
            (json!([{"host": "a", "name": "x"}]), "is no object"),
            (json!([{"port": 1}]), "is no object"),
            (json!([{"host": "a", "port": 0}]), "has no port"),
            (json!([["a", 0]]), "has no port from 1 to 65535"),
            (json!([":1"]), "is empty"),
            (json!(["0.0.0.0:1"]), "server 1 of `sentinels`"),
            (
                json!(["redis://u:S3cret@h:1"]),
                "server 1 of `sentinels` holds a url; write it as \"host:port\", and TLS as \"sentinel_ssl\": true",
            ),
            (json!(["rediss://h"]), "holds a url; write it as"),
            (json!([["redis://h", 1]]), "holds a url"),
        ] {
            let refused = read("sentinels", &value, 26379).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
            assert!(!refused.contains("S3cret"), "{refused}");
        }
    }
}
