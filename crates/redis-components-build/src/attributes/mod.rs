//! The attributes that a wrapper takes over from its function.
//!
//! The list says what is copied. Anything else acts on the function itself, and once is enough.

mod comments;
mod docs;
mod links;
mod lints;

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

pub(crate) use comments::doc_comments;
pub(crate) use links::links;
pub(crate) use lints::{allow_lints, allowed_lints};

use crate::signature::{Returned, Wrapper};
use crate::source::Found;

/// A wrapper's attributes.
pub(crate) struct Attributes {
    /// The function's own documentation, line by line.
    pub(crate) docs: Vec<String>,
    pub(crate) others: Vec<Attribute>,
}

/// Chooses from the attributes of a function.
pub(crate) fn of(found: &Found, wrapper: &Wrapper) -> Attributes {
    let mut texts = Vec::new();
    let mut others: Vec<Attribute> = found.cfg.clone();
    for attribute in &found.item.attrs {
        if let Some(text) = doc_text(attribute) {
            texts.push(text);
        } else if is_copied(&attribute.meta, wrapper) {
            others.push(attribute.clone());
        }
    }
    let mut lints = BTreeSet::new();
    if others
        .iter()
        .any(|attribute| attribute.path().is_ident("deprecated"))
    {
        // The body calls the deprecated function.
        lints.insert("deprecated".to_owned());
    }
    if wrapper.signature.generics.lifetimes().next().is_some() {
        // Without the connection, a lifetime may no longer need its name.
        lints.insert("clippy::elidable_lifetime_names".to_owned());
        lints.insert("clippy::needless_lifetimes".to_owned());
        lints.insert("single_use_lifetimes".to_owned());
    }
    let allowed = allowed_lints(&others);
    lints.retain(|lint| !allowed.contains(lint));
    if !lints.is_empty() {
        others.push(allow_lints(&lints));
    }
    Attributes {
        docs: docs::without_tests(&texts),
        others,
    }
}

/// Tells whether a function is there only sometimes.
pub(crate) fn is_conditional(found: &Found) -> bool {
    let item = &found.item;
    let is_cfg = |attribute: &Attribute| {
        attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
    };
    !found.cfg.is_empty()
        || item.attrs.iter().any(is_cfg)
        || item.sig.inputs.iter().any(|input| match input {
            syn::FnArg::Typed(input) => input.attrs.iter().any(is_cfg),
            syn::FnArg::Receiver(_) => false,
        })
}

fn doc_text(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    match &meta.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if meta.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

fn is_copied(meta: &Meta, wrapper: &Wrapper) -> bool {
    let path = meta.path();
    let is = |name: &str| path.is_ident(name);
    if is("cfg") || is("deprecated") || is("allow") {
        return true;
    }
    if is("must_use") {
        // A result has to be used anyway, and saying so again without a reason is a lint.
        let is_bare = matches!(meta, Meta::Path(_));
        return !(is_bare && matches!(wrapper.returned, Returned::Plain(_)));
    }
    if is("track_caller") {
        return !wrapper.is_async();
    }
    if is("doc") {
        return inner(meta).is_some_and(|metas| {
            metas.iter().all(|meta| {
                let path = meta.path();
                path.is_ident("hidden") || path.is_ident("alias")
            })
        });
    }
    if is("cfg_attr") {
        return inner(meta)
            .is_some_and(|metas| metas.iter().skip(1).all(|meta| is_copied(meta, wrapper)));
    }
    false
}

fn inner(meta: &Meta) -> Option<Punctuated<Meta, Token![,]>> {
    let list = meta.require_list().ok()?;
    list.parse_args_with(Punctuated::parse_terminated).ok()
}
