//! Whether a connection is for async functions or for others.

use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, PatType, Path, Signature, Type, TypeParamBound, WherePredicate};

use crate::diagnostics::diagnostic::Diagnostic;
use crate::manifest::functions::Function;
use crate::resolve::local::Local;
use crate::signature::connection::bare;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flavour {
    Async,
    Blocking,
    /// Ours, which only tasks can listen with.
    Subscriber,
}

/// Refuses an async function on a blocking connection, and the reverse, if the names show it. Rustc
/// reports the other cases.
pub(super) fn check(
    function: &Function,
    signature: &Signature,
    local: &mut Local<'_, '_>,
) -> Result<(), Box<Diagnostic>> {
    let Some(FnArg::Typed(PatType { ty: parameter, .. })) = signature.inputs.first() else {
        return Ok(());
    };
    let is_async = signature.asyncness.is_some();
    let name = &function.name;
    let (message, label, help) = match of_type(parameter, signature, local) {
        Some(Flavour::Blocking) if is_async => (
            format!("the async function `{name}` takes a blocking connection"),
            "would block the runtime",
            "take `&mut redis_components::Connection`, or leave `async` out",
        ),
        Some(Flavour::Async) if !is_async => (
            format!("`{name}` is not async, and takes an async connection"),
            "can only be used with `.await`",
            "write it as an `async fn`, or take `&mut redis_components::blocking::Connection`",
        ),
        Some(Flavour::Subscriber) if !is_async => (
            format!("`{name}` is not async, and takes a `redis_components::Subscriber`"),
            "can only be used with `.await`",
            "write it as an `async fn`; there is no blocking subscriber",
        ),
        _ => return Ok(()),
    };
    Err(Box::new(
        Diagnostic::error(message, &local.scope.source.spot(parameter.span()), label)
            .context(&function.spot, "listed here")
            .help(help),
    ))
}

fn of_type(ty: &Type, signature: &Signature, local: &mut Local<'_, '_>) -> Option<Flavour> {
    match bare(ty) {
        Type::Reference(reference) => of_type(&reference.elem, signature, local),
        Type::ImplTrait(ty) => of_bounds(ty.bounds.iter(), local),
        Type::TraitObject(ty) => of_bounds(ty.bounds.iter(), local),
        Type::Path(ty) if ty.qself.is_none() => {
            of_generic(&ty.path, signature, local).or_else(|| of_path(&ty.path, local))
        }
        _ => None,
    }
}

fn of_generic(path: &Path, signature: &Signature, local: &mut Local<'_, '_>) -> Option<Flavour> {
    let name = path.get_ident()?;
    let generics = &signature.generics;
    let own = generics.params.iter().find_map(|param| match param {
        GenericParam::Type(param) if param.ident == *name => of_bounds(param.bounds.iter(), local),
        _ => None,
    });
    own.or_else(|| {
        let mut predicates = generics
            .where_clause
            .iter()
            .flat_map(|clause| &clause.predicates);
        predicates.find_map(|predicate| match predicate {
            WherePredicate::Type(predicate)
                if matches!(&predicate.bounded_ty, Type::Path(ty) if ty.path.is_ident(name)) =>
            {
                of_bounds(predicate.bounds.iter(), local)
            }
            _ => None,
        })
    })
}

fn of_bounds<'a>(
    mut bounds: impl Iterator<Item = &'a TypeParamBound>,
    local: &mut Local<'_, '_>,
) -> Option<Flavour> {
    bounds.find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => of_path(&bound.path, local),
        _ => None,
    })
}

fn of_path(path: &Path, local: &mut Local<'_, '_>) -> Option<Flavour> {
    let path = local.full_path(path);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    Some(match path.as_slice() {
        ["redis_components", "Connection"] => Flavour::Async,
        ["redis_components", "Subscriber"] => Flavour::Subscriber,
        ["redis_components", "blocking", "Connection"] => Flavour::Blocking,
        ["redis", path @ ..] | ["redis_components", "redis", path @ ..] => match path {
            ["AsyncCommands" | "AsyncTypedCommands"]
            | [
                "aio",
                "ConnectionLike" | "ConnectionManager" | "MultiplexedConnection" | "PubSub",
            ] => Flavour::Async,
            ["Commands" | "Connection" | "ConnectionLike" | "TypedCommands"] => Flavour::Blocking,
            _ => return None,
        },
        _ => return None,
    })
}
