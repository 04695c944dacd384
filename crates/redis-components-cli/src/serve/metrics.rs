//! The picture as metrics, in the text format of Prometheus and OpenMetrics.

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::live::Snapshot;

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>;

/// Returns a picture as metrics.
///
/// # Errors
///
/// Returns an error if a text cannot grow.
pub(super) fn write(snapshot: &Snapshot) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("redis_components_fleet");
    add_config_server(&mut registry, snapshot);
    add_components(&mut registry, snapshot);
    add_servers(&mut registry, snapshot);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn gauges(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, Option<f64>)>,
) {
    let family = Gauges::default();
    for (labels, value) in values {
        if let Some(value) = value {
            family.get_or_create(&labels).set(value);
        }
    }
    registry.register(name, help, family);
}

fn add_config_server(registry: &mut Registry, snapshot: &Snapshot) {
    let config_server = &snapshot.config_server;
    let mut one = |name: &str, help: &str, value: Option<f64>| {
        gauges(registry, name, help, [(Labels::new(), value)]);
    };
    one(
        "config_server_answers",
        "1 if the config server answers this program",
        Some(f64::from(u8::from(config_server.up))),
    );
    one(
        "age_seconds",
        "How old is what the config server has said",
        Some(config_server.age_seconds),
    );
    one(
        "processes",
        "Processes that report",
        snapshot.process_count().map(count),
    );
    one(
        "silent_processes",
        "Processes that watch configs and do not report",
        snapshot.silent.as_ref().map(|silent| count(silent.len())),
    );
    one(
        "problems",
        "What a person should look at",
        Some(count(snapshot.problems.len())),
    );
}

fn add_components(registry: &mut Registry, snapshot: &Snapshot) {
    let components = || snapshot.components.iter();
    let label = |name: &str| vec![("component", name.to_owned())];
    for (name, help, figure) in [
        (
            "component_processes",
            "Processes that report that they use the component",
            0,
        ),
        (
            "component_following",
            "Of these, those that run its newest config",
            1,
        ),
        (
            "component_refusing",
            "Of these, those that refuse its newest config or do not reach its server",
            2,
        ),
    ] {
        let values = components().map(|component| {
            let value = component
                .fleet
                .map(|fleet| [fleet.expected, fleet.following, fleet.problems][figure]);
            (label(&component.component), value.map(count))
        });
        gauges(registry, name, help, values);
    }
    let info = components().map(|component| {
        let mut labels = label(&component.component);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        labels.push(("server", text(&component.endpoint)));
        labels.push(("digest", text(&component.digest)));
        (labels, Some(1.0))
    });
    gauges(
        registry,
        "component",
        "1 for each component, with where it is and the digest of its config",
        info,
    );
    let moves = snapshot.moves.iter().flat_map(|moving| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let labels = move |component: &String| {
            vec![
                ("component", component.clone()),
                ("from", text(&moving.from)),
                ("to", text(&moving.to)),
            ]
        };
        let components = moving.components.iter();
        components.map(move |component| (labels(component), Some(1.0)))
    });
    gauges(
        registry,
        "move",
        "1 for each component whose move is under way or waits for its end",
        moves.collect::<Vec<_>>(),
    );
}

fn add_servers(registry: &mut Registry, snapshot: &Snapshot) {
    let servers = || snapshot.servers.iter();
    let label = |name: &str| vec![("server", name.to_owned())];
    let up = servers().map(|server| {
        let value = f64::from(u8::from(server.up));
        (label(&server.server), Some(value))
    });
    gauges(
        registry,
        "server_answers",
        "1 if the server answers this program",
        up,
    );
    #[allow(clippy::cast_precision_loss, reason = "metrics are floats")]
    let number = |number: Option<u64>| number.map(|number| number as f64);
    let clients = servers().map(|server| (label(&server.server), number(server.clients)));
    gauges(registry, "server_clients", "Clients of the server", clients);
    let memory = servers().map(|server| (label(&server.server), number(server.used_memory)));
    gauges(
        registry,
        "server_used_memory_bytes",
        "Memory that the server uses",
        memory,
    );
    let commands = Family::<Labels, Counter>::default();
    for server in servers() {
        if let Some(count) = server.commands {
            commands.get_or_create(&label(&server.server)).inc_by(count);
        }
    }
    registry.register(
        "server_commands",
        "Commands that the server has executed since it began, of all its clients",
        commands,
    );
}

fn count(count: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "metrics are floats")]
    let count = count as f64;
    count
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;

    use super::write;

    #[test]
    fn the_metrics_are_those_of_the_picture() {
        let snapshot = serde_json::from_str(include_str!("../live/example.json")).unwrap();
        let text = write(&snapshot).unwrap();
        // The samples of a metric come in any order.
        let mut lines: Vec<&str> = text.lines().filter(|line| *line != "# EOF").collect();
        assert_eq!(lines.len() + 1, text.lines().count());
        lines.sort_unstable_by_key(|line| {
            line.trim_start_matches("# HELP ")
                .trim_start_matches("# TYPE ")
        });
        expect_file!["metrics.txt"].assert_eq(&(lines.join("\n") + "\n"));
    }

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut snapshot: crate::live::Snapshot =
            serde_json::from_str(include_str!("../live/example.json")).unwrap();
        snapshot.components[0].endpoint = Some("a\"} 1\nb{c=\"\\".to_owned());
        let text = write(&snapshot).unwrap();
        assert!(text.contains(r#"server="a\"} 1\nb{c=\"\\""#), "{text}");
    }
}
