//! All that is wrong with the text of a config, as the runtime sees it.

use std::collections::HashSet;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use redis_components::ComponentConfig;

use crate::source::{Field, Source};
use crate::text::printable;

/// One thing that is wrong.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) message: String,
    pub(crate) field: Option<String>,
    /// Where in the [`Source::shown`] text.
    pub(crate) at: Range<usize>,
}

/// Returns all that is wrong with a text. It has no finding if the runtime takes the text.
pub(crate) fn of(text: &str) -> (Source, Vec<Finding>) {
    let refused = ComponentConfig::from_json(text).err();
    let (source, mut findings) = match Source::read(text) {
        Ok(source) => {
            let findings = refused.as_ref().map(|_| of_fields(&source));
            (source, findings.unwrap_or_default())
        }
        Err(error) => {
            let source = Source::broken(text);
            return (source, of_syntax(text, &error, refused));
        }
    };
    if let Some(error) = refused
        && findings.is_empty()
    {
        let (message, field, at) = (error.to_string(), None, source.whole());
        findings.push(Finding { message, field, at });
    }
    findings.sort_by_key(|finding| finding.at.start);
    // What is wrong twice is mended at once.
    let mut said = HashSet::new();
    findings.retain(|finding| said.insert(finding.message.clone()));
    (source, findings)
}

/// Returns the findings as rustc shows them.
pub(crate) fn explain(source: &Source, path: &str, findings: &[Finding]) -> String {
    let path = printable(path);
    let renderer = Renderer::styled();
    let reports = findings.iter().map(|finding| {
        let annotation = AnnotationKind::Primary.span(finding.at.clone());
        let snippet = Snippet::source(&source.shown)
            .path(&path)
            .annotation(annotation);
        renderer.render(&[Level::ERROR
            .primary_title(&finding.message)
            .element(snippet)])
    });
    reports.collect::<Vec<_>>().join("\n\n")
}

fn of_syntax(
    text: &str,
    error: &serde_json::Error,
    refused: Option<redis_components::Error>,
) -> Vec<Finding> {
    let lines = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let offset = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
    // The text that is shown has a byte for each byte.
    let start = offset.min(text.trim_end().len().saturating_sub(1));
    let message = refused.map_or_else(
        || "the value is not JSON".to_owned(),
        |error| error.to_string(),
    );
    vec![Finding {
        message,
        field: None,
        at: start..(start + 1).min(text.len()),
    }]
}

/// Reads the fields as the runtime does, again and again without what it refused.
fn of_fields(source: &Source) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut given: Vec<Field> = Vec::new();
    for field in &source.fields {
        if given.iter().any(|other| other.name == field.name) {
            let name = printable(&field.name);
            findings.push(Finding {
                message: format!("`{name}` is given twice"),
                field: Some(name),
                at: field.name_at.clone(),
            });
        } else {
            given.push(field.clone());
        }
    }
    let mut replaced: Vec<String> = Vec::new();
    while let Err(error) = ComponentConfig::from_json(&written(&given)) {
        let message = error.to_string();
        let named = message.split('`').skip(1).step_by(2);
        let mut places = named.filter_map(|name| given.iter().position(|field| field.name == name));
        let Some(place) = places.next() else {
            // A server that is named in a wrong way is not missing.
            let meant = |finding: &Finding| finding.message.contains("did you mean");
            let is_named = replaced.iter().any(|name| PLACES.contains(&&**name));
            if !is_named && (replaced.is_empty() || !findings.iter().any(meant)) {
                let at = source.whole();
                findings.push(Finding {
                    message,
                    field: None,
                    at,
                });
            }
            // What else is wrong is said only of a config that names a server.
            let is_tried = replaced.iter().any(|name| name == "host");
            if is_tried || given.iter().any(|field| field.name == "host") {
                break;
            }
            replaced.push("host".to_owned());
            given.push(Field {
                name: "host".to_owned(),
                value: "\"h\"".to_owned(),
                name_at: source.whole(),
                value_at: source.whole(),
            });
            continue;
        };
        let field = &mut given[place];
        let name = field.name.clone();
        if replaced.contains(&name) {
            given.remove(place);
            if name == "sentinels" {
                // Their own fields mean nothing without them.
                let is_theirs =
                    |name: &str| name == "service_name" || name.starts_with("sentinel_");
                given.retain(|field| !is_theirs(&field.name));
            }
            continue;
        }
        let at = if message.contains("is not a known field") {
            field.name_at.clone()
        } else {
            field.value_at.clone()
        };
        findings.push(Finding {
            message,
            field: Some(printable(&name)),
            at,
        });
        // Without a server, all else would be refused because it is missing.
        match stand_in(&name) {
            Some(value) => value.clone_into(&mut field.value),
            None => drop(given.remove(place)),
        }
        replaced.push(name);
    }
    findings
}

/// Fields that say where a server is, beside `host` and `url`.
const PLACES: [&str; 5] = [
    "cluster",
    "startup_nodes",
    "sentinels",
    "unix_socket_path",
    "path",
];

fn stand_in(name: &str) -> Option<&'static str> {
    match name {
        "host" => Some("\"h\""),
        "url" => Some("\"redis://h\""),
        "ssl" => Some("true"),
        "cluster" | "startup_nodes" | "sentinels" => Some("[\"h\"]"),
        "unix_socket_path" | "path" => Some("\"/s\""),
        _ => None,
    }
}

fn written(fields: &[Field]) -> String {
    let fields = fields.iter().map(|field| {
        let name = serde_json::Value::from(&*field.name);
        format!("{name}:{}", field.value)
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::{explain, of};

    fn messages(text: &str) -> Vec<String> {
        let (source, findings) = of(text);
        let shown = |at: &std::ops::Range<usize>| source.shown[at.clone()].to_owned();
        findings
            .iter()
            .map(|finding| format!("{} | {}", shown(&finding.at), finding.message))
            .collect()
    }

    #[test]
    fn a_text_that_the_runtime_takes_has_no_finding() {
        assert!(messages(r#"{"host": "h", "port": "1", "password": "s3cret"}"#).is_empty());
    }

    #[test]
    fn all_that_is_wrong_is_found_at_once() {
        let found = messages(
            r#"{"hots": "h", "port": "x", "pasword": "s3cret", "db": -1, "db": 2, "socket_timeout": 0}"#,
        );
        let begin = |text: &str| found.iter().any(|finding| finding.starts_with(text));
        assert_eq!(found.len(), 6, "{found:#?}");
        assert!(
            begin(r#""hots" | `hots` is not a known field; did you mean `host`?"#),
            "{found:#?}"
        );
        assert!(begin(r#""x" | `port` must be"#), "{found:#?}");
        assert!(
            begin(r#""pasword" | `pasword` is not a known field"#),
            "{found:#?}"
        );
        assert!(begin("-1 | `db` must be"), "{found:#?}");
        assert!(begin(r#""db" | `db` is given twice"#), "{found:#?}");
        assert!(begin("0 | `socket_timeout` must be"), "{found:#?}");
    }

    #[test]
    fn a_host_that_is_refused_hides_nothing_else() {
        let found = messages(r#"{"host": "0.0.0.0", "port": 0, "url": "redis://h"}"#);
        assert_eq!(found.len(), 3, "{found:#?}");
    }

    #[test]
    fn each_thing_that_is_wrong_is_said_once() {
        let mut twice = Vec::new();
        for text in [
            r#"{"db": 1, "db": 2, "db": 3, "host": "h"}"#,
            r#"{"sentinels": ["s"]}"#,
            r#"{"sentinels": ["s"], "port": 0}"#,
            r#"{"service_name": "x"}"#,
            r#"{"service_name": "x", "host": "h"}"#,
            r#"{"cluster": ["c:1"], "host": "h"}"#,
            r#"{"cluster": ["c:1"], "db": 2}"#,
            r#"{"cluster": []}"#,
            r#"{"sentinels": [], "service_name": "x"}"#,
            r#"{"unix_socket_path": "/x", "ssl": true}"#,
            r#"{"unix_socket_path": "/x", "host": "h", "port": 1}"#,
            r#"{"url": "redis://h", "host": "h"}"#,
            r#"{"url": "redis://h?x=1"}"#,
            r#"{"ssl_keyfile": "/k", "ssl": true}"#,
            r#"{"ssl_certfile": "/k", "ssl": true, "host": "h"}"#,
            r#"{"ssl_ca_certs": "/k"}"#,
            r#"{"sentinel_password": "s"}"#,
            r#"{"username": {"provider": "a"}, "password": {"provider": "b"}}"#,
            r#"{"host": "a", "host": "b"}"#,
            r#"{"read_from_replicas": true}"#,
            r#"{"disabled": "x"}"#,
            r#"{"password": {"file": "x"}, "password": {"env": "="}}"#,
        ] {
            let (_, findings) = of(text);
            let mut said: Vec<_> = findings.iter().map(|finding| &finding.message).collect();
            let all = said.len();
            said.sort();
            said.dedup();
            if said.len() != all {
                twice.push(format!("{text}: {findings:#?}"));
            }
        }
        assert!(twice.is_empty(), "{}", twice.join("\n"));
    }

    #[test]
    fn a_missing_host_is_found() {
        let found = messages(r#" {"port": 1}"#);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with(r#"{"port": 1} | `host` is missing"#),
            "{found:#?}"
        );
    }

    #[test]
    fn a_server_that_is_named_in_a_wrong_way_is_not_missing() {
        let long = format!(r#"{{"unix_socket_path": "/{}"}}"#, "x".repeat(107));
        for (text, reason) in [
            (r#"{"cluster": []}"#, "`cluster` is empty"),
            (r#"{"cluster": "h:1"}"#, "`cluster` must be servers"),
            (
                r#"{"cluster": ["h:0"]}"#,
                "server 1 of `cluster` has no port",
            ),
            (
                r#"{"cluster": [], "read_from": "replica"}"#,
                "`cluster` is empty",
            ),
            (
                r#"{"startup_nodes": [7]}"#,
                "`startup_nodes` must be servers",
            ),
            (r#"{"cluster": ["h:1"], "db": 2}"#, "`db` is not 0"),
            (
                r#"{"sentinels": [], "service_name": "x"}"#,
                "`sentinels` is empty",
            ),
            (
                r#"{"sentinels": ["h:0"], "service_name": "x"}"#,
                "server 1 of `sentinels`",
            ),
            (r#"{"sentinels": ["s"]}"#, "without `service_name`"),
            (
                r#"{"sentinels": ["s"], "service_name": "x", "host": "h"}"#,
                "`sentinels` and `host` are both given",
            ),
            (r#"{"unix_socket_path": "s"}"#, "`unix_socket_path`"),
            (r#"{"path": 7}"#, "`path` must be"),
            (&long, "`unix_socket_path` is longer than 107 bytes"),
        ] {
            let found = messages(text);
            assert_eq!(found.len(), 1, "{text}: {found:#?}");
            assert!(found[0].contains(reason), "{text}: {found:#?}");
        }
        let found = messages(r#"{"cluster": [], "port": 0, "pasword": "s3cret"}"#);
        assert_eq!(found.len(), 3, "{found:#?}");
        assert_eq!(messages(r#"{"cluster": null}"#).len(), 1);
    }

    #[test]
    fn wrong_syntax_is_found_where_it_is() {
        let found = messages("{\"host\": \"ü\",\n \"port\" 1}");
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("* | the value is not JSON: expected `:`"),
            "{found:#?}"
        );
        assert_eq!(messages("").len(), 1);
        assert_eq!(messages("[]").len(), 1);
        assert_eq!(messages("{").len(), 1);
    }

    #[test]
    fn r8_no_secret_is_shown_beside_a_finding() {
        for text in [
            r#"{"host": "h", "password": "s3cret", "prot": 1}"#,
            r#"{"host": "h", "pasword": "s3cret"}"#,
            r#"{"host": "u:s3cret@h"}"#,
            r#"{"url": "redis://u:s3cret@h/x"}"#,
            r#"{"host": "h", "password": s3cret}"#,
            r#"{"host": "h", "password": "s3cret""#,
            r#"{"host": "h" "password": "s3cret"}"#,
            r#"redis://u:s3cret@h"#,
            r#"{"host": "h", "sentinel_kwargs": {"password": "s3cret"}}"#,
        ] {
            let (source, findings) = of(text);
            assert!(!findings.is_empty(), "{text}");
            let explained = explain(&source, "f.json", &findings);
            assert!(!explained.contains("s3cret"), "{explained}");
        }
    }
}
