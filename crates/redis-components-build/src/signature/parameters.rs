//! The remaining parameters: names for all of them, and the arguments that pass them on.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Pat, PatIdent};

use syn::punctuated::Punctuated;

/// An argument of the call.
pub(crate) struct Argument {
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) name: Ident,
}

/// Gives every parameter a plain name: its own, if it has one.
pub(super) fn name(inputs: &mut Punctuated<FnArg, syn::Token![,]>) -> Vec<Argument> {
    let mut taken: BTreeSet<String> = inputs
        .iter()
        .filter_map(own_name)
        .map(|n| n.to_string())
        .collect();
    let mut arguments = Vec::new();
    for (index, input) in inputs.iter_mut().enumerate() {
        let name = own_name(input).unwrap_or_else(|| invent(index, &mut taken));
        let FnArg::Typed(input) = input else {
            continue;
        };
        input
            .attrs
            .retain(|attribute| attribute.path().is_ident("cfg"));
        *input.pat = Pat::Ident(PatIdent {
            attrs: Vec::new(),
            by_ref: None,
            mutability: None,
            ident: name.clone(),
            subpat: None,
        });
        arguments.push(Argument {
            cfg: input.attrs.clone(),
            name,
        });
    }
    arguments
}

/// Returns the name to which a parameter's pattern binds it.
fn own_name(input: &FnArg) -> Option<Ident> {
    let FnArg::Typed(input) = input else {
        return None;
    };
    match &*input.pat {
        // A parameter cannot have the name of a static in scope, and every module has this static.
        Pat::Ident(pattern) if pattern.ident != "COMPONENT" => Some(pattern.ident.clone()),
        _ => None,
    }
}

fn invent(index: usize, taken: &mut BTreeSet<String>) -> Ident {
    let mut number = index + 1;
    loop {
        let name = format!("arg{number}");
        if taken.insert(name.clone()) {
            return Ident::new(&name, Span::call_site()).unraw();
        }
        number += 1;
    }
}
