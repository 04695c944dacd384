//! Generic parameters that only the connection used.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    CapturedParam, GenericParam, Generics, Lifetime, PreciseCapture, Signature, Type,
    TypeParamBound, WherePredicate,
};

use super::Connection;
use crate::source::Mentions;

/// What became of a function's generic parameters.
pub(super) struct Pruned {
    /// All of them, in their order, and whether the wrapper has them too.
    params: Vec<(GenericParam, bool)>,
}

/// Removes the parameters that only the connection used, with their bounds.
///
/// `signature` has lost its first parameter, of type `first`, already.
pub(super) fn prune(signature: &mut Signature, first: &Type, connection: &Connection) -> Pruned {
    let before = signature.generics.clone();
    let generic = connection.generic.as_deref();
    if let Some(name) = generic {
        drop_parameter(&mut signature.generics, name);
        let ty = syn::parse2(connection.ty.clone()).map(|ty| Substitute { name, ty });
        if let Ok(mut substitute) = ty {
            substitute.visit_signature_mut(signature);
        }
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
        drop_parameter(&mut signature.generics, &name(param));
        Uncapture { name: &name(param) }.visit_signature_mut(signature);
    }
    if signature.generics.params.is_empty() {
        signature.generics.lt_token = None;
        signature.generics.gt_token = None;
    }
    Pruned { params }
}

impl Pruned {
    /// Returns a dropped parameter that the acquired type needs all the same.
    pub(super) fn undetermined(&self, connection: &Connection) -> Option<String> {
        self.params
            .iter()
            .filter(|(param, is_kept)| !is_kept && !matches!(param, GenericParam::Lifetime(_)))
            .find_map(|(param, _)| match param {
                GenericParam::Type(_) | GenericParam::Const(_)
                    if connection.names(&name(param)) =>
                {
                    Some(name(param))
                }
                _ => None,
            })
    }

    /// Returns the call's generic arguments where the wrapper has some to pass on.
    pub(super) fn turbofish(&self, connection: &Connection) -> Option<Vec<TokenStream>> {
        let params = || {
            self.params
                .iter()
                .filter(|(param, _)| !matches!(param, GenericParam::Lifetime(_)))
        };
        if !params().any(|(_, is_kept)| *is_kept) {
            return None;
        }
        let arguments = params().map(|(param, is_kept)| match param {
            GenericParam::Type(param) if *is_kept => param.ident.to_token_stream(),
            GenericParam::Const(param) if *is_kept => param.ident.to_token_stream(),
            param if connection.generic.as_deref() == Some(name(param).as_str()) => {
                connection.ty.clone()
            }
            _ => quote!(_),
        });
        Some(arguments.collect())
    }
}

/// The name of a parameter: a lifetime's without the quote.
pub(super) fn name(param: &GenericParam) -> String {
    match param {
        GenericParam::Lifetime(param) => format!("'{}", param.lifetime.ident),
        GenericParam::Type(param) => param.ident.unraw().to_string(),
        GenericParam::Const(param) => param.ident.unraw().to_string(),
    }
}

fn contains(mentions: &Mentions, param: &GenericParam) -> bool {
    match param {
        GenericParam::Lifetime(param) => mentions
            .lifetimes
            .contains(&param.lifetime.ident.to_string()),
        param => mentions.names.contains(&name(param)),
    }
}

/// Adds what the bounds of the mentioned parameters mention, and so on.
fn reach(mut mentions: Mentions, generics: &Generics) -> Mentions {
    loop {
        let before = mentions.names.len() + mentions.lifetimes.len();
        for param in &generics.params {
            if let GenericParam::Type(param) = param
                && mentions.names.contains(&param.ident.unraw().to_string())
            {
                let bounds = param.bounds.iter();
                mentions.extend(mentioned_in(bounds));
            }
        }
        for predicate in generics
            .where_clause
            .iter()
            .flat_map(|clause| &clause.predicates)
        {
            if let WherePredicate::Type(predicate) = predicate {
                let mut subject = Mentions::default();
                subject.visit_type(&predicate.bounded_ty);
                if !subject.names.is_disjoint(&mentions.names) {
                    mentions.extend(subject);
                    mentions.extend(mentioned_in(predicate.bounds.iter()));
                }
            }
        }
        if mentions.names.len() + mentions.lifetimes.len() == before {
            return mentions;
        }
    }
}

/// Collects from bounds by traits; a bound by a lifetime alone gives no reason to keep it.
fn mentioned_in<'a>(bounds: impl Iterator<Item = &'a TypeParamBound>) -> Mentions {
    let mut mentions = Mentions::default();
    for bound in bounds {
        if let TypeParamBound::Trait(bound) = bound {
            mentions.visit_trait_bound(bound);
        }
    }
    mentions
}

/// Removes a parameter, and everything that is said about it.
fn drop_parameter(generics: &mut Generics, dropped: &str) {
    retain(&mut generics.params, |param| name(param) != dropped);
    if let Some(lifetime) = dropped.strip_prefix('\'') {
        drop_lifetime_bounds(generics, lifetime);
    }
    if let Some(clause) = &mut generics.where_clause {
        retain(&mut clause.predicates, |predicate| match predicate {
            WherePredicate::Lifetime(predicate) => {
                format!("'{}", predicate.lifetime.ident) != dropped && !predicate.bounds.is_empty()
            }
            WherePredicate::Type(predicate) => {
                let mut subject = Subject {
                    dropped,
                    found: false,
                };
                subject.visit_type(&predicate.bounded_ty);
                !subject.found && !predicate.bounds.is_empty()
            }
            _ => true,
        });
        if clause.predicates.is_empty() {
            generics.where_clause = None;
        }
    }
}

fn drop_lifetime_bounds(generics: &mut Generics, lifetime: &str) {
    let is_other = |bound: &Lifetime| bound.ident != lifetime;
    let is_other_bound = |bound: &TypeParamBound| !matches!(bound, TypeParamBound::Lifetime(bound) if bound.ident == lifetime);
    for param in &mut generics.params {
        match param {
            GenericParam::Lifetime(param) => {
                retain(&mut param.bounds, is_other);
                if param.bounds.is_empty() {
                    param.colon_token = None;
                }
            }
            GenericParam::Type(param) => {
                retain(&mut param.bounds, is_other_bound);
                if param.bounds.is_empty() {
                    param.colon_token = None;
                }
            }
            GenericParam::Const(_) => {}
        }
    }
    for predicate in generics
        .where_clause
        .iter_mut()
        .flat_map(|clause| &mut clause.predicates)
    {
        match predicate {
            WherePredicate::Lifetime(predicate) => retain(&mut predicate.bounds, is_other),
            WherePredicate::Type(predicate) => retain(&mut predicate.bounds, is_other_bound),
            _ => {}
        }
    }
}

fn retain<T: Clone, P: Default>(list: &mut Punctuated<T, P>, keep: impl Fn(&T) -> bool) {
    *list = std::mem::take(list).into_iter().filter(keep).collect();
}

/// Looks for a parameter in the subject of a predicate.
struct Subject<'a> {
    dropped: &'a str,
    found: bool,
}

impl<'ast> Visit<'ast> for Subject<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let first = path.segments.first();
        self.found |= first.is_some_and(|first| first.ident.unraw() == self.dropped);
        visit::visit_path(self, path);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        self.found |= format!("'{}", lifetime.ident) == self.dropped;
    }
}

/// Puts the runtime's connection where a dropped parameter is used elsewhere.
struct Substitute<'a> {
    name: &'a str,
    ty: Type,
}

impl VisitMut for Substitute<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::Path(path) = ty
            && path.qself.is_none()
            && path.path.is_ident(self.name)
        {
            *ty = self.ty.clone();
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }
}

/// Takes a dropped parameter out of `use<…>`.
struct Uncapture<'a> {
    name: &'a str,
}

impl VisitMut for Uncapture<'_> {
    fn visit_precise_capture_mut(&mut self, capture: &mut PreciseCapture) {
        let is_kept = |param: &CapturedParam| match param {
            CapturedParam::Lifetime(lifetime) => format!("'{}", lifetime.ident) != self.name,
            CapturedParam::Ident(ident) => is_other(ident, self.name),
            _ => true,
        };
        retain(&mut capture.params, is_kept);
    }
}

fn is_other(ident: &Ident, name: &str) -> bool {
    ident.unraw() != name
}
