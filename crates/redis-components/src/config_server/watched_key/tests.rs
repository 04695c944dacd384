use std::sync::Arc;
use std::time::SystemTime;

use super::{ConfigText, Outside, Problem, Reading, StandIn, WatchedKey};
use crate::clock::Tick;
use crate::config::ComponentConfig;
use crate::error::ErrorKind;

fn read(watched: &WatchedKey, text: &str) {
    let sent = watched.begin();
    let config = ComponentConfig::from_json(text).unwrap();
    let text = ConfigText::new(text);
    watched.answer(
        Tick::now(),
        sent,
        Ok(Reading {
            config,
            text,
            own: None,
        }),
        &Outside::default(),
    );
}

fn take_up(watched: &WatchedKey) {
    let config = watched.target().config.clone().unwrap();
    watched.note_in_force(&config);
}

fn good(watched: &WatchedKey) -> Option<String> {
    watched
        .good_text()
        .map(|(_, text)| text.expose().to_owned())
}

#[test]
fn r5_the_last_good_config_is_the_one_in_force_as_the_config_server_writes_it() {
    let watched = WatchedKey::of("logs", 0, Arc::default());
    read(&watched, r#"{"host":"a"}"#);
    assert_eq!(good(&watched), None, "it is not in force");
    take_up(&watched);
    assert_eq!(good(&watched).as_deref(), Some(r#"{"host":"a"}"#));
    read(&watched, r#"{"host":"a","port":6379}"#);
    let rewritten = r#"{"host":"a","port":6379}"#;
    assert_eq!(good(&watched).as_deref(), Some(rewritten));
    read(&watched, r#"{"host":"b"}"#);
    assert_eq!(good(&watched).as_deref(), Some(rewritten), "b may be down");
    take_up(&watched);
    assert_eq!(good(&watched).as_deref(), Some(r#"{"host":"b"}"#));
    read(&watched, r#"{"disabled":true}"#);
    assert_eq!(good(&watched).as_deref(), Some(r#"{"disabled":true}"#));
}

#[test]
fn r5_what_comes_from_the_file_is_not_written_back_over_what_others_wrote() {
    let watched = WatchedKey::of("logs", 0, Arc::default());
    let stand_in = StandIn {
        config: ComponentConfig::new("a"),
        text: ConfigText::new(r#"{"host":"a"}"#),
        saved: SystemTime::now(),
    };
    let problem = Problem {
        kind: ErrorKind::ConfigServerUnreachable,
        message: String::new(),
    };
    watched.give_up(problem, Some((stand_in, Outside::default())));
    take_up(&watched);
    assert_eq!(good(&watched), None);
    read(&watched, r#"{"host":"b"}"#);
    assert_eq!(good(&watched), None, "b is not in force");
    read(&watched, r#"{"host": "a"}"#);
    assert_eq!(good(&watched).as_deref(), Some(r#"{"host": "a"}"#));
}
