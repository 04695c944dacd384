use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::visit_mut::VisitMut;
use syn::{BoundLifetimes, Lifetime, ParenthesizedGenericArguments, TypeFnPtr, TypeReference};

/// The lifetimes in a type: the named ones, and whether there are elided ones.
#[derive(Default)]
pub(super) struct Lifetimes {
    pub(super) named: BTreeSet<String>,
    pub(super) has_elided: bool,
    /// How many function types surround what is visited: elided lifetimes in them are their own.
    functions: usize,
}

impl Lifetimes {
    pub(super) fn any(&self) -> bool {
        self.has_elided || self.named.iter().any(|name| name != "static")
    }
}

impl<'ast> Visit<'ast> for Lifetimes {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if reference.lifetime.is_none() && self.functions == 0 {
            self.has_elided = true;
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "_" {
            self.named.insert(lifetime.ident.to_string());
        } else if self.functions == 0 {
            self.has_elided = true;
        }
    }

    fn visit_type_fn_ptr(&mut self, function: &'ast TypeFnPtr) {
        self.functions += 1;
        visit::visit_type_fn_ptr(self, function);
        self.functions -= 1;
    }

    fn visit_parenthesized_generic_arguments(
        &mut self,
        arguments: &'ast ParenthesizedGenericArguments,
    ) {
        self.functions += 1;
        visit::visit_parenthesized_generic_arguments(self, arguments);
        self.functions -= 1;
    }

    // `for<'x>` declares its lifetimes itself.
    fn visit_bound_lifetimes(&mut self, _: &'ast BoundLifetimes) {}
}

/// Turns every named lifetime but `'static` into `'_`.
pub(super) struct Elide;

impl VisitMut for Elide {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" {
            lifetime.ident = proc_macro2::Ident::new("_", lifetime.ident.span());
        }
    }

    fn visit_bound_lifetimes_mut(&mut self, _: &mut BoundLifetimes) {}
}
