use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::visit_mut::VisitMut;
use syn::{
    BoundLifetimes, GenericArgument, Item, Lifetime, ParenthesizedGenericArguments, Path,
    PathArguments, TypeFnPtr, TypeReference,
};

use crate::resolve::local::Local;

/// The lifetimes in a type: the named lifetimes, and if there are elided ones.
#[derive(Default)]
pub(super) struct Lifetimes<'s, 'a, 'b> {
    pub(super) named: BTreeSet<String>,
    pub(super) has_elided: bool,
    /// The number of function types around the visited node. Elided lifetimes in them are their
    /// own.
    functions: usize,
    /// The module for the search of hidden lifetimes. `None` means that hidden lifetimes are not
    /// searched.
    local: Option<&'s mut Local<'a, 'b>>,
}

impl<'s, 'a, 'b> Lifetimes<'s, 'a, 'b> {
    /// Finds hidden lifetimes too: `Iter<T>` is `Iter<'_, T>`.
    pub(super) fn with_hidden(local: &'s mut Local<'a, 'b>) -> Self {
        Self {
            local: Some(local),
            ..Self::default()
        }
    }

    pub(super) fn any(&self) -> bool {
        self.has_elided || self.named.iter().any(|name| name != "static")
    }
}

impl<'ast> Visit<'ast> for Lifetimes<'_, '_, '_> {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if reference.lifetime.is_none() && self.functions == 0 {
            self.has_elided = true;
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if self.functions == 0
            && let Some(local) = &mut self.local
            && hides_lifetime(path, local)
        {
            self.has_elided = true;
        }
        visit::visit_path(self, path);
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

/// Returns `true` if a type has a lifetime parameter, and the path gives it no lifetime.
fn hides_lifetime(path: &Path, local: &mut Local<'_, '_>) -> bool {
    if let Some(last) = path.segments.last()
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && arguments
            .args
            .iter()
            .any(|argument| matches!(argument, GenericArgument::Lifetime(_)))
    {
        return false;
    }
    match local.item(path) {
        Some(Item::Enum(item)) => return item.generics.lifetimes().next().is_some(),
        Some(Item::Struct(item)) => return item.generics.lifetimes().next().is_some(),
        Some(Item::Type(item)) => return item.generics.lifetimes().next().is_some(),
        Some(Item::Union(item)) => return item.generics.lifetimes().next().is_some(),
        _ => {}
    }
    let full = local.full_path(path);
    let full: Vec<&str> = full.iter().map(String::as_str).collect();
    matches!(
        full.as_slice(),
        ["redis" | "redis_components", .., "AsyncIter" | "Iter"]
            | ["std" | "alloc", "borrow", "Cow"]
    )
}

/// Replaces every named lifetime but `'static` by `'_`.
pub(super) struct Elide;

impl VisitMut for Elide {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" {
            lifetime.ident = proc_macro2::Ident::new("_", lifetime.ident.span());
        }
    }

    fn visit_bound_lifetimes_mut(&mut self, _: &mut BoundLifetimes) {}
}
