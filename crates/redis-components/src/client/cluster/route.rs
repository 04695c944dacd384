//! Where a command goes.

use redis::{Arg, Cmd};

use super::hash_slot::hash_slot;
use super::join::Join;
use super::keys::{Place, place};
use crate::client::commands::name;
use crate::error::{Error, ErrorKind};

/// Where a command goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// To the owner of a slot.
    Slot(u16),
    /// To as many owners as its keys have. They are of several slots.
    Split(Join),
    /// To any node.
    Anywhere,
    /// To all primaries.
    Everywhere(Join),
    /// To the connection that has the call's session.
    Session,
}

/// Returns where a command goes.
///
/// # Errors
///
/// Returns an error that says what to do, if no node can answer it for the component.
pub(crate) fn route(command: &Cmd) -> Result<Route, Error> {
    match place(words(command)) {
        Place::Key(number) => {
            let key = words(command).nth(number).unwrap_or_default();
            Ok(Route::Slot(hash_slot(key)))
        }
        Place::EveryKey(join) => of_every_key(command, join),
        Place::Anywhere => Ok(Route::Anywhere),
        Place::Everywhere(join) => Ok(Route::Everywhere(join)),
        Place::Session => Ok(Route::Session),
        Place::Nowhere(reason) => Err(nowhere(command, reason)),
    }
}

fn of_every_key(command: &Cmd, join: Join) -> Result<Route, Error> {
    let mut slots = words(command).skip(1).map(hash_slot);
    let Some(first) = slots.next() else {
        return Err(nowhere(command, "it names no key; give it a key"));
    };
    if slots.all(|slot| slot == first) {
        Ok(Route::Slot(first))
    } else {
        Ok(Route::Split(join))
    }
}

/// Returns the words of a command.
pub(super) fn words(command: &Cmd) -> impl Clone + Iterator<Item = &[u8]> {
    command.args_iter().map(|word| match word {
        Arg::Simple(word) => word,
        // The cursor of SCAN and its like, which is no key.
        _ => b"0",
    })
}

fn nowhere(command: &Cmd, reason: &str) -> Error {
    let name = name(command);
    let text = format!("`{name}` was not sent to a cluster: {reason}");
    Error::new(ErrorKind::NeedsSingleServer, text)
}

/// Returns the error for a command that would leave the session of one node for another.
pub(crate) fn needs_session(command: &Cmd) -> Error {
    nowhere(
        command,
        "it belongs to a session, which a cluster has on the node of its keys only; use `WATCH` first, or an atomic \
         pipeline",
    )
}

#[cfg(test)]
mod tests {
    use redis::cmd;

    use super::{Route, route};
    use crate::client::cluster::join::Join;
    use crate::error::ErrorKind;

    #[test]
    fn r13_a_command_goes_to_the_owner_of_its_first_key() {
        assert_eq!(route(cmd("GET").arg("foo")).unwrap(), Route::Slot(12182));
        assert_eq!(
            route(cmd("SSCAN").arg("foo").cursor_arg(7)).unwrap(),
            Route::Slot(12182)
        );
        assert_eq!(
            route(cmd("DEL").arg(&["{foo}1", "{foo}2"])).unwrap(),
            Route::Slot(12182)
        );
        assert_eq!(
            route(cmd("DEL").arg(&["a", "b"])).unwrap(),
            Route::Split(Join::Sum)
        );
        // The server refuses it if its keys are of several slots.
        assert_eq!(
            route(cmd("MSET").arg(&["foo", "1", "b", "2"])).unwrap(),
            Route::Slot(12182)
        );
    }

    #[test]
    fn r13_what_no_node_can_answer_is_refused_with_advice() {
        let error = route(cmd("SCAN").cursor_arg(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NeedsSingleServer);
        assert!(error.to_string().contains("`SCAN` was not sent"), "{error}");
        for nothing in ["DEL", "GET"] {
            assert!(route(&cmd(nothing)).is_err(), "{nothing}");
        }
    }
}
