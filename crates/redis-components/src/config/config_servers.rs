//! Where configs are: the text that settings give.

use serde_json::value::RawValue;

use super::component_config::ComponentConfig;
use super::endpoint::Endpoint;
use super::host::SEVERAL;
use super::{json, url};

/// How many servers a text may name.
const MOST: usize = 16;

/// Returns the servers that the text names, in order. None is named twice.
///
/// # Errors
///
/// Returns the reason if the text is refused. It contains none of the text's values.
pub(super) fn parse(text: &str) -> Result<Vec<ComponentConfig>, String> {
    let json = text.trim();
    let configs: Vec<ComponentConfig> = if json.starts_with('{') {
        vec![usable(json::parse(json)?)?]
    } else if json.starts_with('[') {
        of_array(json)?
    } else {
        let urls = split(text);
        let is_list = urls.len() > 1;
        let read = |(number, text): (usize, &str)| {
            let config = url::parse(text).map_err(|wrong| of_list(text, wrong));
            let config = config.and_then(usable);
            config.map_err(|wrong| numbered(number, is_list, &wrong))
        };
        (1..).zip(urls).map(read).collect::<Result<_, _>>()?
    };
    let mut servers: Vec<ComponentConfig> = Vec::new();
    for config in configs {
        if !servers.contains(&config) {
            servers.push(config);
        }
    }
    if servers.len() > MOST {
        return Err(format!("it names more than {MOST} servers"));
    }
    Ok(servers)
}

/// Splits at the commas before a scheme: a password may have commas in it.
fn split(text: &str) -> Vec<&str> {
    let mut urls = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(comma) = rest[from..].find(',').map(|at| from + at) {
        let next = rest[comma + 1..].trim_start();
        let scheme = next.split_once("://").map_or("", |(scheme, _)| scheme);
        let is_scheme = |byte: u8| byte.is_ascii_lowercase() || byte == b'+';
        if !scheme.is_empty() && scheme.bytes().all(is_scheme) {
            urls.push(rest[..comma].trim_end());
            rest = next;
            from = 0;
        } else {
            from = comma + 1;
        }
    }
    urls.push(rest);
    urls
}

/// Returns what is wrong with a url of a list, which may name several servers where one url may not.
fn of_list(url: &str, wrong: String) -> String {
    if url.trim_end().ends_with(',') {
        "a comma stands behind the url, and no other url behind the comma; leave the comma out"
            .into()
    } else if wrong.contains(SEVERAL) {
        format!("{wrong}, or write a whole url for each, as redis://a, redis://b")
    } else {
        wrong
    }
}

fn of_array(text: &str) -> Result<Vec<ComponentConfig>, String> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!(
            "it is no JSON array of configs: something is wrong at line {line}, column {column}"
        )
    })?;
    if elements.is_empty() {
        return Err("it is an empty list; name at least one server".into());
    }
    let read = |(number, element): (usize, &&RawValue)| {
        let config = match serde_json::from_str::<String>(element.get()) {
            Ok(text) => url::parse(&text),
            Err(_) => json::parse(element.get()),
        };
        config
            .and_then(usable)
            .map_err(|wrong| numbered(number, true, &wrong))
    };
    (1..).zip(&elements).map(read).collect()
}

fn numbered(number: usize, is_list: bool, wrong: &str) -> String {
    if is_list {
        format!("server {number}: {wrong}")
    } else {
        wrong.to_owned()
    }
}

/// Refuses what cannot hold the configs of all components.
fn usable(config: ComponentConfig) -> Result<ComponentConfig, String> {
    if config.disabled {
        return Err("it says `\"disabled\": true`; a config server cannot be switched off".into());
    }
    if matches!(config.endpoint, Endpoint::Cluster(_)) {
        return Err(
            "it is a cluster, and no single node of one holds the configs of all components; name a server, or \
             sentinels that know one"
                .into(),
        );
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{json, parse};

    /// The generator reads the same cases, because it reads the same texts.
    const CORPUS: &str = include_str!("../../tests/config_fields/config-server-cases.json");

    #[test]
    fn r13_a_text_names_the_config_servers_that_the_corpus_says() {
        let corpus: Value = serde_json::from_str(CORPUS).unwrap();
        for case in corpus["cases"].as_array().unwrap() {
            let parsed = parse(case["text"].as_str().unwrap());
            if let Some(reason) = case.get("refused") {
                let refused = parsed.expect_err(&case.to_string());
                assert!(
                    refused.contains(reason.as_str().unwrap()),
                    "{case}: {refused}"
                );
                assert!(!refused.contains("cretZ"), "{refused}");
                continue;
            }
            let servers: Vec<Value> = parsed
                .unwrap_or_else(|wrong| panic!("{case}: {wrong}"))
                .iter()
                .map(|server| serde_json::from_str(&json::write(server)).unwrap())
                .collect();
            assert_eq!(Value::from(servers), case["servers"], "{case}");
        }
    }

    fn names(text: &str) -> Vec<String> {
        let servers = parse(text).unwrap();
        servers.iter().map(|server| server.address()).collect()
    }

    #[test]
    fn r13_a_text_names_config_servers_as_urls_and_as_json() {
        assert_eq!(names("redis://a"), ["a:6379"]);
        assert_eq!(
            names("redis://a:1, rediss://b:2,redis://a:1"),
            ["a:1", "b:2"]
        );
        assert_eq!(names("redis://:x,y@a:1,redis://b:2"), ["a:1", "b:2"]);
        assert_eq!(names(r#"{"host": "a", "ssl": true}"#), ["a:6379"]);
        assert_eq!(
            names(r#"[{"unix_socket_path": "/run/x"}, "redis://b:2"]"#),
            ["/run/x", "b:2"]
        );
        assert_eq!(
            names(r#"{"sentinels": ["s"], "service_name": "config"}"#),
            ["the primary of `config`"]
        );
    }

    #[test]
    fn r8_a_text_that_names_no_config_server_is_refused_without_being_shown() {
        for (text, reason) in [
            ("", "url"),
            (" redis://a", "url"),
            (
                "redis://a:1,",
                "a comma stands behind the url, and no other",
            ),
            (" redis://a, \n", "url"),
            ("redis://:S3cret@a/2, ", "a comma stands behind the url"),
            ("redis://a,,redis://b", "server 1: a comma stands behind"),
            (
                "redis://a:1,b:2",
                "several servers; name one, or write a whole url",
            ),
            (
                "redis://a;b",
                "several servers; name one, or write a whole url",
            ),
            (
                "redis://a:1;b:2,redis://c",
                "server 1: the url's host names",
            ),
            ("redis://a,http://S3cret@b", "server 2: "),
            (r#"{"host": "a", "password": "S3cret""#, "line 1"),
            (r#"{"host": "a", "hots": "S3cret"}"#, "`hots`"),
            (r#"[{"host": "a"}, {"host": "S3cret:1"}]"#, "server 2: "),
            ("[]", "empty list"),
            (r#"[{"host": "a", "host": "S3cret"}]"#, "server 1: "),
            ("[7]", "server 1: "),
            (r#"["redis://a""#, "column"),
            (r#"{"cluster": ["a:1"]}"#, "is a cluster"),
            (r#"{"disabled": true}"#, "switched off"),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
            assert!(!refused.contains("S3cret"), "{refused}");
        }
    }
}
