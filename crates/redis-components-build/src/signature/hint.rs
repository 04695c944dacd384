//! Calls in a function's body that its connection refuses, as far as the body shows.

use syn::{FnArg, Pat, Signature, Type};

use crate::carry::choices::Choices;
use crate::diagnostics::Diagnostics;
use crate::find::found::Found;
use crate::manifest::functions::Function;
use crate::resolve::local::Local;
use crate::resolve::resolver::Resolver;
use crate::signature::connection::bare;
use crate::source::calls::{self, Use};

/// Adds a hint at the first call of a command that waits or, if calls share the connection, changes
/// the session.
pub(crate) fn check(
    component: &str,
    function: &Function,
    found: &Found,
    resolver: &mut Resolver<'_>,
    diagnostics: &mut Diagnostics,
) {
    let signature = &found.item.sig;
    let source = &found.scope.source;
    if function.is_dedicated || !source.may_have_unfit_calls() {
        return;
    }
    let usage = match signature.asyncness {
        Some(_) => Use::Shared,
        None => Use::InTurns,
    };
    let body = source.spot(found.item.block.brace_token.span.join());
    let start = body.range.start;
    let parameter = connection_name(signature);
    let text = &body.file.text[body.range];
    let Some(call) = calls::first(text, parameter.as_deref(), usage) else {
        return;
    };
    let Some(connection) = connection_kind(found, resolver) else {
        return;
    };
    let (name, command) = (&function.name, &call.command);
    let consequence = match connection {
        Kind::OwnSocket => {
            " on a `redis::Connection`, which gives up at the response timeout".to_owned()
        }
        _ if usage == Use::InTurns => {
            ", which the pool refuses at run time if it may wait for longer than the response timeout".to_owned()
        }
        Kind::Component => ", which is refused on the shared connection at run time".to_owned(),
        Kind::Other { name, .. } => format!(" on a `{name}` that other calls share"),
    };
    let other = match connection {
        Kind::Other {
            can_be_dedicated: false,
            ..
        } => "take `&mut Connection`, and ",
        _ => "",
    };
    let text = format!(
        "`{name}` calls {command}{consequence}: {other}write `{name} = {{ connection = \"dedicated\" }}` in `[components.{component}.functions]`"
    );
    let range = start + call.range.start..start + call.range.end;
    diagnostics.hint(source.file.spot(range), text);
}

/// Returns the connection's name in the body.
fn connection_name(signature: &Signature) -> Option<String> {
    match signature.inputs.first()? {
        FnArg::Typed(parameter) => match &*parameter.pat {
            Pat::Ident(name) => Some(name.ident.to_string()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

/// A kind of connection on which commands cannot wait.
enum Kind {
    Component,
    /// A type of redis-rs, of which each call gets one.
    OwnSocket,
    /// A type of redis-rs, which refuses no command.
    Other {
        name: &'static str,
        can_be_dedicated: bool,
    },
}

/// Returns the kind of a function's connection. Returns `None` if commands may wait on it.
fn connection_kind(found: &Found, resolver: &mut Resolver<'_>) -> Option<Kind> {
    let mut signature = found.item.sig.clone();
    let mut choices = Choices::default();
    resolver.see_through(&mut signature, found.view(&found.cfg), &mut choices);
    let FnArg::Typed(parameter) = signature.inputs.first()? else {
        return None;
    };
    let mut ty = bare(&parameter.ty);
    while let Type::Reference(reference) = ty {
        ty = bare(&reference.elem);
    }
    let Type::Path(ty) = ty else {
        return Some(Kind::Component);
    };
    let scope = &found.scope;
    let path = Local { scope, resolver }.full_path(&ty.path);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        [.., "redis", "aio", "PubSub"] | ["redis_components", "Subscriber"] => None,
        [.., "redis", "Connection"] => Some(Kind::OwnSocket),
        [.., "redis", "aio", "MultiplexedConnection"] => Some(Kind::Other {
            name: "MultiplexedConnection",
            can_be_dedicated: true,
        }),
        [.., "redis", "aio", "ConnectionManager"] => Some(Kind::Other {
            name: "ConnectionManager",
            can_be_dedicated: false,
        }),
        _ => Some(Kind::Component),
    }
}
