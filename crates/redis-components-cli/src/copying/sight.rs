//! Both sides of a copy, as far as they answer, and where the move stands.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::fence::{self, held};
use super::side::{Side, read};
use crate::failure::{Code, Failure};
use crate::moving::preflight::findings::Checks;
use crate::moving::records::record::Record;
use crate::moving::servers::silence::Silence;
use crate::moving::standing::state::State;
use crate::session::Session;
use crate::time::milliseconds;

/// Both sides, and where the move stands. Nothing keeps a journal: it is what the source and the
/// configs say.
pub(crate) struct Sight {
    pub(crate) source: Result<Side, Failure>,
    pub(crate) target: Result<Side, Failure>,
    pub(crate) state: State,
    /// Whether all servers of the source refuse writes.
    pub(super) is_closed: bool,
    /// Why the source does not say that, if it does not.
    silence: Option<Failure>,
    addresses: [String; 2],
    keys: [Option<u64>; 2],
}

impl Sight {
    /// Connects to both sides and looks at them and at the configs.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not answer, or its configs are others.
    pub(crate) async fn of(session: &Session, record: &Record) -> Result<Self, Failure> {
        let component = &*record.component;
        let text = |configs: &BTreeMap<String, String>| {
            configs.get(component).cloned().unwrap_or_default()
        };
        let (old, new) = (text(&record.old), text(&record.new));
        let addresses = [
            read(component, &old)?.address(),
            read(component, &new)?.address(),
        ];
        let source = Side::connect(component, &old).await;
        let target = Side::connect(component, &new).await;
        let is_committed = session.is_committed(record).await?;
        let fenced = match &source {
            Ok(source) => fence::look(source).await,
            Err(failure) => Err(failure.clone()),
        };
        let silence = fenced.as_ref().err().cloned();
        let state = match (&fenced, silence.as_ref().map(Silence::of)) {
            (_, Some(Silence::NoAnswer)) if is_committed => State::Gone,
            _ if is_committed => State::Committed,
            (Err(_), _) => State::Unreachable,
            (Ok((true, _)), _) => State::Fenced,
            (Ok((false, _)), _) => State::Planned,
        };
        let mut keys = [None, None];
        for (keys, side) in keys.iter_mut().zip([&source, &target]) {
            if let Ok(side) = side {
                *keys = side.size().await.ok();
            }
        }
        Ok(Self {
            source,
            target,
            state,
            is_closed: fenced.is_ok_and(|(_, all)| all),
            silence,
            addresses,
            keys,
        })
    }

    /// Returns `true` if the configs name the target.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Committed | State::Gone)
    }

    /// Returns why the source does not say where it stands, if it refuses that and the target, which the
    /// configs name, answers.
    pub(super) fn refused(&self) -> Option<&Failure> {
        let is_over = self.is_over() && self.target.is_ok();
        let silence = self.silence.as_ref();
        silence.filter(|failure| is_over && Silence::of(failure) == Silence::Refused)
    }

    /// # Errors
    ///
    /// Returns an error if a side does not answer.
    pub(super) fn sides(&self) -> Result<(&Side, &Side), Failure> {
        let of = |side| Result::as_ref(side).map_err(Failure::clone);
        Ok((of(&self.source)?, of(&self.target)?))
    }

    /// Adds to a failure that the source refuses writes, if it does.
    pub(super) fn behind_fence(&self, mut failure: Failure) -> Failure {
        if self.state == State::Fenced {
            let text = "; the old server refuses writes, and `--abort` gives them back";
            failure.message.push_str(text);
        }
        failure
    }

    /// Returns the failure of a source that does not answer.
    pub(crate) fn unreachable(&self) -> Failure {
        match &self.source {
            Err(failure) => failure.clone(),
            Ok(source) => {
                let text = format!("{} does not say if it refuses writes", source.address);
                Failure::new(Code::ServerRefused, text).at(&source.address)
            }
        }
    }

    /// Returns the state and both sides, for scripts.
    pub(crate) fn shown(&self) -> Value {
        let side = |number: usize, is_known: bool| {
            json!({
                "server": self.addresses[number],
                "role": is_known.then_some("primary"),
                "offset": null,
                "keys": self.keys[number],
            })
        };
        json!({
            "state": self.state,
            "source": side(0, self.source.is_ok()),
            "target": side(1, self.target.is_ok()),
        })
    }

    /// Returns the source and the target, for people.
    pub(crate) fn addresses(&self) -> (&str, &str) {
        (&self.addresses[0], &self.addresses[1])
    }

    /// Returns what the state means for a copy, and what to do.
    pub(crate) fn advice(&self) -> &'static str {
        match self.state {
            State::Planned => {
                "the old server takes writes; --resume copies anew, --abort forgets the move"
            }
            State::Fenced => {
                "writes are refused; --resume copies anew and goes on, --abort gives writes back"
            }
            State::Committed if self.refused().is_some() => {
                "moved, and the old server refuses to say where it stands; --finish ends the move"
            }
            State::Committed if self.silence.is_some() => {
                "moved, and the old server is up and does not say where it stands; --finish ends the \
                move when it does"
            }
            State::Committed if !self.is_closed => {
                "moved, and the old server takes writes again; --resume takes them away, --finish ends \
                the move"
            }
            State::Committed | State::Gone => "moved; --finish ends the move",
            _ => {
                "a server does not say where it stands: it is down, busy or refuses the question; \
                start it again only if it does not run"
            }
        }
    }

    /// Returns where the move stands, for scripts.
    pub(crate) fn report(
        &self,
        record: &Record,
        checks: Option<&Checks>,
        done: Option<(Duration, u64)>,
    ) -> Value {
        let others = record.components().filter(|name| *name != record.component);
        let refused = record.copy.as_ref().filter(|note| note.fenced_at > 0);
        let held_ms = match (done, refused) {
            (Some((time, _)), _) => Some(time),
            (None, Some(note)) if self.state == State::Fenced => Some(held(note)),
            _ => None,
        };
        let mut data = self.shown();
        data["component"] = json!(record.component);
        data["with"] = json!(others.collect::<Vec<_>>());
        data["id"] = json!(record.id);
        data["since"] = json!(record.since());
        data["by"] = json!(record.by);
        data["can_be_undone"] = json!(false);
        data["candidate"] = Value::Null;
        data["held_ms"] = json!(held_ms.map(milliseconds));
        data["checks"] = json!(checks.map(|checks| &checks.found));
        data["compared"] = json!(done.map(|(_, keys)| keys));
        data
    }

    /// Returns the failure of a wish that does not fit where the move stands.
    pub(crate) fn wrong_state(&self, session: &Session, record: &Record, wish: &str) -> Failure {
        let component = &*record.component;
        let text = format!("the move of `{component}` {wish}: {}", self.advice());
        let failure = Failure::new(Code::WrongState, text).of_component(component);
        failure.at(&session.server)
    }
}
