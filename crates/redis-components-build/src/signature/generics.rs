//! Generic parameters that only the connection uses.

use proc_macro2::Ident;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{GenericArgument, GenericParam, Path, Signature, Type};

use crate::carry::mentions::Mentions;
use crate::nodes::{infer, path_type};
use crate::signature::connection::Connection;
use crate::signature::reach::reach;
use crate::signature::remove::{parameter_name, remove_parameter};
use crate::signature::substitute::{Substitute, Uncapture};

/// A function's generic parameters after the removal.
pub(super) struct Pruned {
    /// All parameters, in their order, each with `true` if the wrapper has it too.
    params: Vec<(GenericParam, bool)>,
}

/// Removes the parameters that only the connection uses, with their bounds.
///
/// `signature` no longer has its first parameter, of type `first`.
pub(super) fn prune(signature: &mut Signature, first: &Type, connection: &Connection) -> Pruned {
    let before = signature.generics.clone();
    let generic = connection.generic.as_deref();
    if let Some(name) = generic {
        remove_parameter(&mut signature.generics, name);
        let ty = connection.ty.clone();
        Substitute { name, ty }.visit_signature_mut(signature);
    }

    let mut mentioned = Mentions::default();
    mentioned.visit_type(first);
    let of_connection = reach(mentioned, &before);
    let mut rest = Mentions::default();
    for input in &signature.inputs {
        rest.visit_fn_arg(input);
    }
    rest.visit_return_type(&signature.output);
    let rest = reach(rest, &signature.generics);

    let is_dropped = |param: &GenericParam| {
        contains(&of_connection, param) && !contains(&rest, param)
            || generic
                .is_some_and(|generic| matches!(param, GenericParam::Type(p) if p.ident == generic))
    };
    let params: Vec<(GenericParam, bool)> = before
        .params
        .into_iter()
        .map(|param| {
            let is_kept = !is_dropped(&param);
            (param, is_kept)
        })
        .collect();
    for (param, _) in params.iter().filter(|(_, is_kept)| !is_kept) {
        remove_parameter(&mut signature.generics, &parameter_name(param));
        Uncapture {
            name: &parameter_name(param),
        }
        .visit_signature_mut(signature);
    }
    if signature.generics.params.is_empty() {
        signature.generics.lt_token = None;
        signature.generics.gt_token = None;
    }
    Pruned { params }
}

impl Pruned {
    /// Returns a removed parameter that the acquired type still needs.
    pub(super) fn undetermined(&self, connection: &Connection) -> Option<String> {
        self.params
            .iter()
            .filter(|(param, is_kept)| !is_kept && !matches!(param, GenericParam::Lifetime(_)))
            .find_map(|(param, _)| match param {
                GenericParam::Type(_) | GenericParam::Const(_)
                    if connection.names(&parameter_name(param)) =>
                {
                    Some(parameter_name(param))
                }
                _ => None,
            })
    }

    /// Returns the call's generic arguments, if the wrapper has parameters to pass on.
    pub(super) fn turbofish(&self, connection: &Connection) -> Option<Vec<GenericArgument>> {
        let params = || {
            self.params
                .iter()
                .filter(|(param, _)| !matches!(param, GenericParam::Lifetime(_)))
        };
        if !params().any(|(_, is_kept)| *is_kept) {
            return None;
        }
        let arguments = params().map(|(param, is_kept)| match param {
            GenericParam::Type(param) if *is_kept => named(&param.ident),
            GenericParam::Const(param) if *is_kept => named(&param.ident),
            param if connection.generic.as_deref() == Some(parameter_name(param).as_str()) => {
                connection.ty.clone()
            }
            _ => infer(),
        });
        Some(arguments.map(GenericArgument::Type).collect())
    }
}

/// Returns the wrapper's own parameter as an argument. A constant has the syntax of a type.
fn named(parameter: &Ident) -> Type {
    path_type(Path::from(parameter.clone()))
}

fn contains(mentions: &Mentions, param: &GenericParam) -> bool {
    match param {
        GenericParam::Lifetime(param) => mentions
            .lifetimes
            .contains(&param.lifetime.ident.to_string()),
        param => mentions.names.contains(&parameter_name(param)),
    }
}
