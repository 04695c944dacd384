//! A function's signature, rewritten to have the same meaning from the crate's root.

use syn::visit_mut::VisitMut;
use syn::{FnArg, ReturnType, Signature, Type};

use crate::carry::choices::Choices;
use crate::carry::expand::Expand;
use crate::carry::imports::Imports;
use crate::resolve::public::View;
use crate::resolve::resolver::Resolver;

/// A signature for the checks: the aliases in its first parameter and its return type are written
/// out.
pub(crate) struct Seen {
    pub(crate) signature: Signature,
}

impl Resolver<'_> {
    /// Writes out the aliases that cannot be named. Returns a copy for the checks, in which all
    /// aliases of the first parameter and the return type are written out.
    pub(crate) fn see_through(
        &mut self,
        signature: &mut Signature,
        view: View<'_>,
        choices: &mut Choices,
    ) -> (Seen, Imports) {
        let generics = signature.generics.clone();
        let mut expand = Expand {
            view,
            resolver: self,
            choices,
            generics: &generics,
            imports: Imports::default(),
            open: Vec::new(),
        };
        expand.visit_signature_mut(signature);
        if let Some(first) = first_type(signature) {
            expand.see_through(first);
        }
        let imports = std::mem::take(&mut expand.imports);
        let mut seen = signature.clone();
        if let Some(first) = first_type(&mut seen) {
            expand.name_outer(first);
        }
        if let ReturnType::Type(_, returned) = &mut seen.output {
            expand.see_through(returned);
            expand.name_outer(returned);
        }
        (Seen { signature: seen }, imports)
    }

    /// Replaces paths that begin with `crate` if the crate's root cannot use them.
    pub(crate) fn nameable_in(
        &mut self,
        view: View<'_>,
        visit: impl FnOnce(&mut super::nameable::Nameable<'_, '_>),
    ) -> Imports {
        let mut nameable = self.nameable(view);
        visit(&mut nameable);
        nameable.into_imports()
    }
}

fn first_type(signature: &mut Signature) -> Option<&mut Type> {
    match signature.inputs.first_mut() {
        Some(FnArg::Typed(first)) => Some(&mut first.ty),
        _ => None,
    }
}
