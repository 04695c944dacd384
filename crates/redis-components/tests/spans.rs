//! The spans of commands: their names, and what is not in them.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use redis::{AsyncCommands, ConnectionLike};
use redis_components::__private::AcquireDedicated;
use redis_components::{Component, Connection};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Metadata, Subscriber, info_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;

use common::{HOUR, World, declare};

/// A span, as it was in the end.
type Fields = BTreeMap<String, String>;

/// Keeps all spans of this thread, in the order in which they began.
#[derive(Clone, Default)]
struct Spans {
    all: Arc<Mutex<Vec<(Id, Fields)>>>,
    /// Whether those of commands are switched off.
    without_commands: bool,
}

struct Into<'a>(&'a mut Fields);

impl Visit for Into<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl<S: Subscriber> Layer<S> for Spans {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !(self.without_commands && metadata.target() == "redis_components::command")
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::new();
        attributes.record(&mut Into(&mut fields));
        let parent = context.current_span().metadata().map(Metadata::name);
        fields.extend(parent.map(|parent| ("parent".to_owned(), parent.to_owned())));
        self.all.lock().unwrap().push((id.clone(), fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut all = self.all.lock().unwrap();
        // Identities are used again.
        let span = all.iter_mut().rev().find(|(other, _)| other == id).unwrap();
        values.record(&mut Into(&mut span.1));
    }
}

impl Spans {
    fn listen(&self) -> DefaultGuard {
        set_default(registry().with(self.clone()))
    }

    /// Returns the spans of commands since the last look.
    fn take(&self) -> Vec<Fields> {
        let all = std::mem::take(&mut *self.all.lock().unwrap());
        let spans = all.into_iter().map(|(_, fields)| fields);
        spans
            .filter(|fields| fields.contains_key("db.system.name"))
            .collect()
    }
}

/// The fields that every span of a command on this server has, and these.
fn expected(component: &Component, port: u16, operation: &str, more: &[(&str, &str)]) -> Fields {
    let name = format!("{operation} {}", component.name());
    let port = port.to_string();
    let all = [
        ("db.system.name", "redis"),
        ("db.namespace", "0"),
        ("db.operation.name", operation),
        ("otel.kind", "client"),
        ("otel.name", &name),
        ("parent", "request"),
        ("redis_components.component", component.name()),
        ("server.address", "127.0.0.1"),
        ("server.port", &port),
    ];
    let all = all.iter().chain(more);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn r8_each_command_has_a_span_that_says_where_it_went_and_never_what_it_carried() {
    let spans = Spans::default();
    let _listening = spans.listen();
    let world = World::start();
    let logs = declare("spanned", HOUR);
    world.move_to(logs, &world.a);
    let port = world.a.port();
    let span = |operation: &str, more: &[(&str, &str)]| expected(logs, port, operation, more);
    let wrong_type = [
        ("otel.status_code", "ERROR"),
        ("db.response.status_code", "WRONGTYPE"),
        ("error.type", "WRONGTYPE"),
    ];
    world
        .settings()
        .scope(async {
            let mut shared = logs.connection().await.unwrap();
            assert_eq!(spans.take(), [], "connecting is no command of the caller");
            let request = info_span!("request");
            let _entered = request.enter();
            let () = shared.set("S3CR3T-key", "S3CR3T-value").await.unwrap();
            let failed: Result<(), _> = shared.lpush("S3CR3T-key", 1).await;
            failed.unwrap_err();
            let set = span("SET", &[]);
            let failed = span("LPUSH", &wrong_type);
            assert_eq!(spans.take(), [set.clone(), failed.clone()]);

            let mut pipe = redis::pipe();
            pipe.set("a", "S3CR3T").get("a");
            let () = pipe.query_async(&mut shared).await.unwrap();
            let () = pipe.atomic().query_async(&mut shared).await.unwrap();
            let size = [("db.operation.batch.size", "2")];
            let (pipeline, multi) = (span("PIPELINE", &size), span("MULTI", &size));
            assert_eq!(spans.take(), [pipeline.clone(), multi.clone()]);

            // Nothing was sent, so there is no server.
            let refused: Result<Option<String>, _> = shared.blpop("S3CR3T", 0.0).await;
            refused.unwrap_err();
            let here = [
                ("otel.status_code", "ERROR"),
                ("error.type", "NeedsDedicated"),
            ];
            let mut refused = span("BLPOP", &here);
            refused.retain(|name, _| !name.starts_with("server."));
            assert_eq!(spans.take(), [refused]);

            // What is no name is not shown.
            let other = redis::cmd("S3CR3T of a caller")
                .exec_async(&mut shared)
                .await;
            other.unwrap_err();
            assert_eq!(spans.take()[0]["db.operation.name"], "OTHER");

            let acquired = <Connection as AcquireDedicated>::acquire(logs, "pop").await;
            let mut dedicated = acquired.unwrap();
            let acquired = <Connection as AcquireDedicated>::acquire_staying(logs, "pop").await;
            let mut staying = acquired.unwrap();
            let mut clone = Connection::clone(&staying);
            let mut pop = redis::cmd("BLPOP");
            pop.arg("S3CR3T").arg(0.01);
            for connection in [&mut *dedicated, &mut *staying, &mut clone] {
                let popped = pop
                    .query_async::<Option<(String, String)>>(connection)
                    .await;
                assert_eq!(popped.unwrap(), None);
                assert_eq!(spans.take(), [span("BLPOP", &[])]);
            }
        })
        .await;
}

#[test]
fn r8_so_has_each_blocking_command() {
    let spans = Spans::default();
    let _listening = spans.listen();
    let world = World::start();
    let logs = declare("spanned", HOUR);
    world.move_to(logs, &world.a);
    let span =
        |operation: &str, more: &[(&str, &str)]| expected(logs, world.a.port(), operation, more);
    world.settings().scope_blocking(|| {
        let mut connection = logs.blocking_connection().unwrap();
        let request = info_span!("request");
        let _entered = request.enter();
        let mut set = redis::cmd("SET");
        set.arg("S3CR3T-key").arg("S3CR3T-value");
        set.exec(&mut connection).unwrap();
        connection
            .req_packed_command(&set.get_packed_command())
            .unwrap();
        let mut pipe = redis::pipe();
        pipe.set("a", "S3CR3T").get("a");
        let () = pipe.query(&mut connection).unwrap();
        let () = pipe.atomic().query(&mut connection).unwrap();
        let size = [("db.operation.batch.size", "2")];
        assert_eq!(
            spans.take(),
            [
                span("SET", &[]),
                span("SET", &[]),
                span("PIPELINE", &size),
                span("MULTI", &size),
            ]
        );
    });
}

#[tokio::test]
async fn spans_that_are_switched_off_leave_those_of_the_application_alone() {
    let spans = Spans {
        without_commands: true,
        ..Spans::default()
    };
    let _listening = spans.listen();
    let world = World::start();
    let logs = declare("spanned", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let request = info_span!("request", server.address = "www", db.system.name = "own");
            let _entered = request.enter();
            common::whereabouts(logs).await.unwrap();
        })
        .await;
    let [request] = &*spans.take() else {
        panic!("one span")
    };
    assert_eq!(request["server.address"], "www");
}
