//! What a move would send, to which server, in which order, without secrets. What only looks is left out.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::history::KEPT;
use crate::moving::records::lease;
use crate::moving::records::record::Record;
use crate::moving::servers::attach::{self, Replication};
use crate::moving::servers::fence::{CLOSED, NOWHERE, OPTION};
use crate::moving::servers::link::Place;
use crate::moving::servers::way::Way;
use crate::moving::standing::state::State;
use crate::moving::steps::cut::HOLDS;
use crate::moving::steps::drive::Until;
use crate::moving::steps::settle::spared;
use crate::output::Reply;
use crate::redact;
use crate::session::Session;

/// A command for a server.
#[derive(Debug, Serialize)]
pub(crate) struct Sent {
    pub(crate) server: String,
    pub(crate) command: String,
}

/// The commands of a move, in their order.
pub(crate) struct Script<'a> {
    session: &'a Session,
    record: &'a Record,
    /// Whether the servers remember their roles.
    is_settled: bool,
    /// Whether there are candidates to take away.
    is_offered: bool,
    sent: Vec<Sent>,
}

/// Both servers of a move, and what is known of them.
pub(crate) struct Servers {
    pub(crate) source: Place,
    pub(crate) target: Place,
    /// Where the source lists the target, or else the address of the config.
    pub(crate) listed: (String, u16),
    pub(crate) way: Way,
    /// What a fence of the source replaces.
    pub(crate) before: String,
    /// Whether the source has the fence.
    pub(crate) is_closed: bool,
    /// Whether the source does not answer any more.
    pub(crate) is_source_gone: bool,
}

impl<'a> Script<'a> {
    /// # Errors
    ///
    /// Returns an error if the control key cannot be read.
    pub(crate) async fn new(session: &'a Session, record: &'a Record) -> Result<Self, Failure> {
        Ok(Self {
            session,
            record,
            is_settled: record.is_settled,
            is_offered: session.is_offered(record).await?,
            sent: Vec::new(),
        })
    }

    /// Returns the same commands, to go on with another record of the move.
    pub(crate) fn of(self, record: &'a Record) -> Self {
        Self {
            record,
            is_settled: record.is_settled,
            is_offered: false,
            ..self
        }
    }

    /// Adds a command for a data server.
    pub(crate) fn add(&mut self, server: &str, command: impl Into<String>) {
        self.sent.push(Sent {
            server: server.to_owned(),
            command: command.into(),
        });
    }

    /// Returns the reply that shows the commands.
    pub(crate) fn shown(self, data: Value) -> Reply {
        shown(&self.sent, data)
    }

    /// Takes the lease of all servers.
    pub(crate) fn take_lease(&mut self) {
        self.lease("'{…}' 5000");
    }

    /// Gives the lease back.
    pub(crate) fn release_lease(&mut self) {
        self.lease("'{…}'");
    }

    fn lease(&mut self, arguments: &str) {
        let servers = self.record.servers().unwrap_or_default();
        let keys: Vec<_> = servers.iter().map(|server| lease::key(server)).collect();
        let (count, keys) = (keys.len(), keys.join(" "));
        self.add_to_config_server(format!("EVAL '…' {count} {keys} {arguments}"));
    }

    /// Writes the record of the move.
    pub(crate) fn note(&mut self, begins: bool) {
        let session = self.session;
        let names = || self.record.components();
        let mut watched: Vec<_> = names()
            .map(|component| self.session.names.record(component))
            .collect();
        if begins {
            watched.push(session.names.fleet());
            watched.extend(names().map(|name| session.names.key(name)));
        }
        let id = &self.record.id;
        let set = |name| {
            format!(
                "SET {} '{{\"id\": \"{id}\", …}}'",
                session.names.record(name)
            )
        };
        self.transaction(&watched, names().map(set).collect());
    }

    /// Notes that the servers were asked to remember their roles.
    pub(crate) fn note_settled(&mut self) {
        if !self.is_settled {
            self.note(false);
        }
    }

    /// Ends the move.
    pub(crate) fn forget(&mut self) {
        let keys: Vec<_> = self
            .record
            .components()
            .map(|component| self.session.names.record(component))
            .collect();
        let commands = keys.iter().map(|key| format!("DEL {key}")).collect();
        self.transaction(&keys, commands);
    }

    /// Offers the candidates. `more` is what they hold besides.
    pub(crate) fn offer(&mut self, more: &Value) {
        let parts = self.record.new.iter().map(|(name, text)| {
            let mut part = json!({"id": self.record.id, "config": redacted(text), "until": "…"});
            if let (Some(part), Some(more)) = (part.as_object_mut(), more.as_object()) {
                part.extend(more.clone());
            }
            (name.clone(), part)
        });
        let prepare = Value::Object(parts.collect());
        self.is_offered = true;
        self.edit_control(&format!("\"prepare\": {prepare}"));
    }

    /// Takes the candidates away.
    pub(crate) fn withdraw(&mut self) {
        if !std::mem::take(&mut self.is_offered) {
            return;
        }
        let names: Vec<_> = self.record.components().collect();
        let without = format!("without the candidates of {}", names.join(", "));
        self.edit_control(&without);
    }

    fn edit_control(&mut self, part: &str) {
        let fleet = self.session.names.fleet();
        let set = format!("SET {fleet} '{{…, {part}}}'");
        self.transaction(&[fleet], vec![set]);
    }

    /// Writes the configs.
    pub(crate) fn commit(&mut self) {
        let names = &self.session.names;
        let (mut watched, mut commands) = (Vec::new(), Vec::new());
        for (name, text) in &self.record.new {
            let (config, history) = (names.key(name), names.history(name));
            let shown = redacted(text);
            commands.push(format!(
                "XADD {history} MAXLEN {KEPT} N-0 config '{shown}' …"
            ));
            commands.push(format!("SET {config} '{shown}'"));
            watched.extend([config, history, names.record(name)]);
        }
        self.transaction(&watched, commands);
    }

    fn transaction(&mut self, watched: &[String], commands: Vec<String>) {
        self.add_to_config_server(format!("WATCH {}", watched.join(" ")));
        self.add_to_config_server("MULTI");
        for command in commands {
            self.add_to_config_server(command);
        }
        self.add_to_config_server("EXEC");
    }

    fn add_to_config_server(&mut self, command: impl Into<String>) {
        let server = self.session.server.clone();
        self.add(&server, command);
    }

    /// Goes on from a state, as [`Drive`](crate::moving::steps::drive::Drive) does if each step succeeds.
    pub(crate) fn go_on(
        &mut self,
        mut state: State,
        servers: &Servers,
        replication: &Replication,
        until: Until,
    ) {
        let Servers { source, target, .. } = servers;
        let (from, to) = (source.address(), target.address());
        let (host, port) = &servers.listed;
        let follow = format!("REPLICAOF {host} {port}");
        let mut is_closed = servers.is_closed;
        loop {
            state = match state {
                State::Planned => {
                    for (is_at_target, words) in attach::commands(source, replication) {
                        let server = if is_at_target { &to } else { &from };
                        self.add(server, without_secret(words));
                    }
                    State::Synced
                }
                State::Copying => State::Synced,
                State::Synced if until == Until::Synced => return,
                State::Synced => {
                    self.offer(&json!({"on": servers.way.refuses(), "run_id": "…"}));
                    if until == Until::Prepared {
                        return;
                    }
                    self.note(false);
                    self.is_settled = false;
                    if servers.way == Way::Failover {
                        self.add(&from, format!("FAILOVER TO {host} {port} TIMEOUT {HOLDS}"));
                        State::HandingOver
                    } else {
                        let (host, port) = NOWHERE;
                        self.add(&from, format!("CONFIG SET {OPTION} {CLOSED}"));
                        self.add(&from, format!("REPLICAOF {host} {port}"));
                        is_closed = true;
                        State::Fenced
                    }
                }
                State::Cutting | State::HandingOver => {
                    self.add(&to, "REPLCONF GETACK *");
                    State::Cut
                }
                State::Fenced => {
                    let stood = self.record.stood.as_ref();
                    if stood.is_none_or(|stood| stood.end.is_none()) {
                        self.note(false);
                    }
                    self.add(&to, "REPLICAOF NO ONE");
                    State::TakenOver
                }
                State::TakenOver if servers.is_source_gone => {
                    self.commit();
                    State::Gone
                }
                State::TakenOver => {
                    self.add(&from, follow.clone());
                    State::Cut
                }
                State::Cut => {
                    if is_closed {
                        self.add(&from, format!("CONFIG SET {OPTION} {}", servers.before));
                    }
                    self.commit();
                    State::Committed
                }
                State::Committed | State::Gone => {
                    if state == State::Committed {
                        self.add(&from, "CONFIG REWRITE");
                    }
                    if spared(self.record).is_none() {
                        self.add(&to, "CONFIG REWRITE");
                    }
                    if state == State::Committed {
                        self.note_settled();
                    }
                    self.withdraw();
                    return;
                }
                // These have no way on.
                State::Loading | State::Refusing | State::Split | State::Unreachable => return,
            };
        }
    }
}

/// Returns the reply that shows commands.
pub(crate) fn shown(sent: &[Sent], mut data: Value) -> Reply {
    data["commands"] = json!(sent);
    let line = |sent: &Sent| format!("{}> {}", sent.server, sent.command);
    let lines: Vec<_> = sent.iter().map(line).collect();
    Reply::new(data, lines.join("\n"))
}

/// Returns the words of a command without the password in it.
fn without_secret(mut words: Vec<String>) -> String {
    for word in &mut words {
        if word.is_empty() {
            *word = "''".to_owned();
        }
    }
    if let [.., name, value] = words.as_mut_slice()
        && name == "masterauth"
        && value != "''"
    {
        redact::HIDDEN.clone_into(value);
    }
    words.join(" ")
}

fn redacted(text: &str) -> Value {
    let object: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    Value::Object(redact::object(&object))
}
