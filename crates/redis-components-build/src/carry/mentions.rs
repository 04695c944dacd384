use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{Attribute, GenericParam, Lifetime, Macro, Path};

use crate::source::index::key;

/// The names in a piece of syntax that its surroundings resolve.
#[derive(Debug, Default, Clone)]
pub(crate) struct Mentions {
    /// First segments of paths, without `r#`.
    pub(crate) names: BTreeSet<String>,
    /// Lifetimes, without the quote.
    pub(crate) lifetimes: BTreeSet<String>,
}

impl Mentions {
    pub(crate) fn extend(&mut self, other: Self) {
        self.names.extend(other.names);
        self.lifetimes.extend(other.lifetimes);
    }

    /// Removes a generic parameter from the names to resolve.
    pub(crate) fn remove(&mut self, param: &GenericParam) {
        match param {
            GenericParam::Type(param) => self.names.remove(&param.ident.unraw().to_string()),
            GenericParam::Const(param) => self.names.remove(&param.ident.unraw().to_string()),
            GenericParam::Lifetime(_) => false,
        };
    }

    fn add_tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    self.names.insert(ident.unraw().to_string());
                }
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Mentions {
    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            let name = key(&first.ident);
            if !matches!(name.as_str(), "crate" | "self" | "super" | "Self") {
                self.names.insert(name);
            }
        }
        visit::visit_path(self, path);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        self.lifetimes.insert(lifetime.ident.to_string());
    }

    // The meaning of tokens inside of a macro's call is unknown, so every word counts.
    fn visit_macro(&mut self, call: &'ast Macro) {
        self.add_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_captured_param(&mut self, param: &'ast syn::CapturedParam) {
        if let syn::CapturedParam::Ident(ident) = param {
            self.names.insert(ident.unraw().to_string());
        }
        visit::visit_captured_param(self, param);
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}
