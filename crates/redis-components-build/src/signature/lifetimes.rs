use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::visit_mut::VisitMut;
use syn::{
    BoundLifetimes, GenericArgument, Item, Lifetime, ParenthesizedGenericArguments, Path,
    PathArguments, TypeFnPtr, TypeReference,
};

use crate::source::file::Source;

/// The lifetimes in a type: the named ones, and whether there are elided ones.
#[derive(Default)]
pub(super) struct Lifetimes<'s> {
    pub(super) named: BTreeSet<String>,
    pub(super) has_elided: bool,
    /// How many function types surround what is visited: elided lifetimes in them are their own.
    functions: usize,
    /// Where paths are looked up that may hide a lifetime; without, none is taken to.
    source: Option<&'s Source>,
}

impl<'s> Lifetimes<'s> {
    /// Looks for hidden ones too: `Iter<T>` is `Iter<'_, T>`.
    pub(super) fn with_hidden(source: &'s Source) -> Self {
        Self {
            source: Some(source),
            ..Self::default()
        }
    }

    pub(super) fn any(&self) -> bool {
        self.has_elided || self.named.iter().any(|name| name != "static")
    }
}

impl<'ast> Visit<'ast> for Lifetimes<'_> {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if reference.lifetime.is_none() && self.functions == 0 {
            self.has_elided = true;
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let hides = |source: &Source| hides_lifetime(path, source);
        if self.functions == 0 && self.source.is_some_and(hides) {
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

/// Tells whether a type has a lifetime parameter for which a path gives none.
fn hides_lifetime(path: &Path, source: &Source) -> bool {
    if let Some(last) = path.segments.last()
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && arguments
            .args
            .iter()
            .any(|argument| matches!(argument, GenericArgument::Lifetime(_)))
    {
        return false;
    }
    let full = source.full_path(path);
    let full: Vec<&str> = full.iter().map(String::as_str).collect();
    match full.as_slice() {
        ["redis" | "redis_components", .., "AsyncIter" | "Iter"]
        | ["std" | "alloc", "borrow", "Cow"] => true,
        [name] => path
            .get_ident()
            .or_else(|| path.segments.last().map(|last| &last.ident))
            .filter(|ident| *ident == name)
            .and_then(|ident| source.declared_type(ident))
            .is_some_and(|item| match item {
                Item::Enum(item) => item.generics.lifetimes().next().is_some(),
                Item::Struct(item) => item.generics.lifetimes().next().is_some(),
                Item::Type(item) => item.generics.lifetimes().next().is_some(),
                Item::Union(item) => item.generics.lifetimes().next().is_some(),
                _ => false,
            }),
        _ => false,
    }
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
