//! Return types that borrow from the connection. The connection ends with the call, so they cannot
//! outlive it.

use std::collections::BTreeSet;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    CapturedParam, GenericParam, PreciseCapture, ReturnType, Signature, Type, TypeImplTrait,
    WherePredicate,
};

use crate::diagnostics::diagnostic::Diagnostic;
use crate::manifest::functions::Function;
use crate::resolve::local::Local;
use crate::signature::lifetimes::Lifetimes;
use crate::source::file::Source;

/// Refuses a return type that borrows from the connection.
pub(super) fn check(
    function: &Function,
    signature: &Signature,
    parameter: &Type,
    local: &mut Local<'_, '_>,
) -> Result<(), Box<Diagnostic>> {
    let ReturnType::Type(_, returned) = &signature.output else {
        return Ok(());
    };
    let mut connection = Lifetimes::default();
    connection.visit_type(parameter);
    if !connection.any() {
        return Ok(());
    }
    let source = &*local.scope.source;
    let edition = local.resolver.sources.edition;
    let mut result = Lifetimes::with_hidden(local);
    result.visit_type(returned);
    let shared = outlived(signature, &connection.named);
    if result.has_elided || result.named.intersection(&shared).next().is_some() {
        return Err(borrows(function, parameter, returned, source));
    }
    let mut captures = Captures::default();
    captures.visit_type(returned);
    // Before that edition, an `impl` type captures only the lifetimes that it names.
    if captures.has_unbounded && edition >= 2024 {
        return Err(captures_all(function, parameter, returned, source));
    }
    Ok(())
}

fn borrows(
    function: &Function,
    parameter: &Type,
    returned: &Type,
    source: &Source,
) -> Box<Diagnostic> {
    let name = &function.name;
    let message = format!("`{name}` returns a value that borrows from its connection");
    let mut finder = Mentioned { future: false };
    finder.visit_type(returned);
    let help = if finder.future {
        format!("write `{name}` as an `async fn`")
    } else {
        format!(
            "return an owned value, or call `{name}` itself with the component's `connection()`"
        )
    };
    Box::new(
        Diagnostic::error(
            message,
            &source.spot(returned.span()),
            "borrows from the connection",
        )
        .context(
            &source.spot(parameter.span()),
            "which is gone when the wrapper returns",
        )
        .context(&function.spot, "listed here")
        .help(help),
    )
}

fn captures_all(
    function: &Function,
    parameter: &Type,
    returned: &Type,
    source: &Source,
) -> Box<Diagnostic> {
    let name = &function.name;
    let message = format!("the `impl` type that `{name}` returns may borrow from its connection");
    Box::new(
        Diagnostic::error(
            message,
            &source.spot(returned.span()),
            "captures every lifetime",
        )
        .context(&source.spot(parameter.span()), "also the connection's")
        .context(&function.spot, "listed here")
        .help("say what it captures, with `+ use<>` where that is nothing, or return a named type"),
    )
}

/// Returns `lifetimes`, with all lifetimes that they outlive.
fn outlived(signature: &Signature, lifetimes: &BTreeSet<String>) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = lifetimes.clone();
    all.remove("static");
    loop {
        let before = all.len();
        for param in &signature.generics.params {
            if let GenericParam::Lifetime(param) = param
                && all.contains(&param.lifetime.ident.to_string())
            {
                all.extend(param.bounds.iter().map(|bound| bound.ident.to_string()));
            }
        }
        for predicate in signature
            .generics
            .where_clause
            .iter()
            .flat_map(|w| &w.predicates)
        {
            if let WherePredicate::Lifetime(predicate) = predicate
                && all.contains(&predicate.lifetime.ident.to_string())
            {
                all.extend(predicate.bounds.iter().map(|bound| bound.ident.to_string()));
            }
        }
        if all.len() == before {
            return all;
        }
    }
}

/// Finds an `impl` type that does not say what it captures.
#[derive(Default)]
struct Captures {
    has_unbounded: bool,
}

impl<'ast> Visit<'ast> for Captures {
    fn visit_type_impl_trait(&mut self, ty: &'ast TypeImplTrait) {
        let mut precise = Precise { is_there: false };
        for bound in &ty.bounds {
            precise.visit_type_param_bound(bound);
        }
        self.has_unbounded |= !precise.is_there;
        visit::visit_type_impl_trait(self, ty);
    }
}

struct Precise {
    is_there: bool,
}

impl<'ast> Visit<'ast> for Precise {
    fn visit_precise_capture(&mut self, _: &'ast PreciseCapture) {
        self.is_there = true;
    }

    fn visit_captured_param(&mut self, _: &'ast CapturedParam) {}
}

struct Mentioned {
    future: bool,
}

impl<'ast> Visit<'ast> for Mentioned {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let last = path
            .segments
            .last()
            .map(|segment| segment.ident.to_string());
        self.future |= last.is_some_and(|last| last.ends_with("Future"));
        visit::visit_path(self, path);
    }
}
