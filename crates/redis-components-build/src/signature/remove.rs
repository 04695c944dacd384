use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{GenericParam, Generics, Lifetime, TypeParamBound, WherePredicate};

use crate::nodes::retain;

/// Removes a parameter, with its bounds and predicates.
pub(super) fn remove_parameter(generics: &mut Generics, dropped: &str) {
    retain(&mut generics.params, |param| {
        parameter_name(param) != dropped
    });
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

/// Returns the name of a parameter. A lifetime's name includes the quote.
pub(super) fn parameter_name(param: &GenericParam) -> String {
    match param {
        GenericParam::Lifetime(param) => format!("'{}", param.lifetime.ident),
        GenericParam::Type(param) => param.ident.unraw().to_string(),
        GenericParam::Const(param) => param.ident.unraw().to_string(),
    }
}

/// Finds a parameter in the subject of a predicate.
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
