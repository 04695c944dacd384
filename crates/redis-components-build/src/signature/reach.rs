use syn::ext::IdentExt;
use syn::visit::Visit;
use syn::{GenericParam, Generics, TypeParamBound, WherePredicate};

use crate::carry::mentions::Mentions;

/// Adds the names in the bounds of the mentioned parameters, then the names in their bounds, and so
/// on.
pub(super) fn reach(mut mentions: Mentions, generics: &Generics) -> Mentions {
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

/// Collects the names in trait bounds. A lifetime bound alone is no reason to keep a parameter.
fn mentioned_in<'a>(bounds: impl Iterator<Item = &'a TypeParamBound>) -> Mentions {
    let mut mentions = Mentions::default();
    for bound in bounds {
        if let TypeParamBound::Trait(bound) = bound {
            mentions.visit_trait_bound(bound);
        }
    }
    mentions
}
