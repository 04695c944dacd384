//! A server of a move that was not seen: why, and what to do. A server that answers is alive, and nobody
//! may start it again: it would lose what is not on its disk.

use crate::failure::{Code, Failure};
use crate::moving::servers::silence::Silence;
use crate::moving::standing::sight::{End, Sight};
use crate::moving::standing::state::State;

impl Sight {
    /// Returns `true` if each server that was not seen will say by itself where it stands.
    pub(crate) fn is_passing(&self) -> bool {
        !self.is_silent(|why| {
            matches!(
                why,
                Silence::NoAnswer | Silence::Refused | Silence::NotAsked
            )
        })
    }

    /// Returns `true` if a server was not seen because it refuses the login or the question, and time
    /// does not help with any that was not seen.
    pub(crate) fn is_refused_for_good(&self) -> bool {
        let passes = |why| why != Silence::NoAnswer && why != Silence::Refused;
        self.state == State::Refusing && !self.is_silent(passes)
    }

    /// Returns why the source does not say who uses it, if it refuses that and the move is over but for
    /// its end: the configs name the target, which takes writes.
    pub(crate) fn refuses_at_end(&self) -> Option<&Failure> {
        let is_over = self.is_committed && self.target.is_primary();
        let unseen = self.source.unseen.as_ref();
        unseen.filter(|failure| is_over && Silence::of(failure) == Silence::Refused)
    }
}

impl End {
    /// Returns the failure of a look at both servers if this one was not seen. The other one may have
    /// newer data, or refuse writes because of a fence. A primary whose config file still says that it is a
    /// replica must not start as one.
    pub(crate) fn not_seen(
        &self,
        other: &Self,
        other_may_be_newer: bool,
        other_is_fenced: bool,
        starts_as_primary: bool,
    ) -> Failure {
        let address = self.place.address();
        let reason = self.unseen.as_ref().map_or("", |failure| &failure.message);
        let silence = self.silence().unwrap_or(Silence::NoAnswer);
        let closed = if other_is_fenced {
            let other = other.place.address();
            format!(", and {other} refuses writes, because {address} may have taken over")
        } else {
            String::new()
        };
        if silence != Silence::NoAnswer {
            let what = match silence {
                Silence::Loading => {
                    "loads its data, or has none yet, and does not say where it stands"
                }
                Silence::NotAsked => "cannot be asked from here",
                _ => "is up and does not say where it stands",
            };
            let ends = if silence == Silence::Refused {
                "; if the login of the config with which the move was begun is gone for good, `--abort` ends \
                the move before the cut, and `--finish` after the commit"
            } else {
                ""
            };
            let text = format!(
                "{address} {what}{closed}: {reason}; {}, and go on with `--resume`{ends}; do not start it \
                again: it would lose what is not on its disk",
                silence.remedy()
            );
            let code = match (silence, &self.unseen) {
                (Silence::Refused | Silence::NotAsked, Some(failure)) => failure.code,
                _ => Code::NotReady,
            };
            return Failure::new(code, text).at(&address);
        }
        let advice = if other_may_be_newer {
            format!(
                "{} may have newer data; look at the log of {}: if it has taken over, start {address} again \
                only as a replica of it (`--replicaof {} {}`), which replaces the data of {address}; if it \
                was only started again itself, start {address} as it was",
                other.described(),
                other.place.address(),
                other.place.host,
                other.place.port
            )
        } else if other_is_fenced {
            let other = other.place.address();
            format!(
                "start it again if it does not run; if its data is lost, let {other} take writes again with \
                REPLICAOF NO ONE there, and with `--abort`, which takes the fence away"
            )
        } else if starts_as_primary {
            "start it again if it does not run, with `--replicaof no one`: its config file may say that it is a \
            replica, and it would lose what it took since the cut"
                .to_owned()
        } else {
            "start it again if it does not run".to_owned()
        };
        let text = format!(
            "{address} does not answer{closed} ({reason}); {advice}; go on with `--resume` when it answers; if \
            it runs and stands still or is out of reach, do not start it again: it would lose what is not on \
            its disk"
        );
        Failure::new(Code::ServerUnreachable, text).at(&address)
    }

    /// Returns that the server was not seen, and why.
    pub(crate) fn why_unseen(&self) -> String {
        let address = self.place.address();
        match (self.silence(), &self.unseen) {
            (Some(Silence::NoAnswer), _) | (_, None) => format!("{address} does not answer"),
            (_, Some(failure)) => {
                let reason = &failure.message;
                format!("{address} is up and does not say where it stands ({reason})")
            }
        }
    }

    /// Returns the server with its role, its offset and the number of its keys.
    pub(crate) fn described(&self) -> String {
        let address = self.place.address();
        match (&self.seen, self.silence()) {
            (Some(seen), _) => format!(
                "{address} ({}, offset {}, {} keys)",
                seen.replication.role.name(),
                seen.replication.offset,
                seen.keys
            ),
            (None, Some(Silence::NoAnswer) | None) => format!("{address} (does not answer)"),
            (None, Some(Silence::NotAsked)) => format!("{address} (cannot be asked from here)"),
            (None, Some(_)) => format!("{address} (is up and does not say where it stands)"),
        }
    }
}
