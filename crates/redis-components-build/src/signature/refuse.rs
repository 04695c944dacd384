//! Functions that cannot be wrapped, whatever their types are.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, FnArg, ItemFn, PatType, Safety, Type, TypeParamBound};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::manifest::functions::Function;
use crate::source::file::Source;

/// Returns the first parameter of a function that can be wrapped.
pub(super) fn check<'a>(
    function: &Function,
    item: &'a ItemFn,
    source: &Source,
    diagnostics: &mut Diagnostics,
) -> Option<&'a PatType> {
    let name = &function.name;
    let mut refuse = |span: Span, message: String, label: &str, help: &str| {
        let spot = source.spot(span);
        diagnostics.error(
            Diagnostic::error(message, &spot, label)
                .context(&function.spot, "listed here")
                .help(help),
        );
    };
    if let Some((span, kind)) = qualifier(item) {
        let message = format!("{kind} `{name}` cannot be wrapped");
        let help = "list a plain function that calls it";
        refuse(span, message, "only plain functions can be listed", help);
        return None;
    }
    let mut unknown = Unknown::default();
    unknown.visit_signature(&item.sig);
    if unknown.is_there {
        let message = format!("the signature of `{name}` has syntax that is not stable Rust");
        let help = "list a plain function that calls it";
        refuse(item.sig.ident.span(), message, "not understood", help);
        return None;
    }
    match item.sig.inputs.first() {
        None => {
            let message = format!("the function `{name}` has no parameter");
            let help = "take the connection as the first parameter, or call the function directly and remove it here";
            refuse(item.sig.ident.span(), message, "takes no connection", help);
            None
        }
        Some(FnArg::Receiver(receiver)) => {
            let message = format!("the function `{name}` takes `self`");
            let help = "take the connection as the first parameter of a free function";
            refuse(
                receiver.self_token.span(),
                message,
                "not a connection",
                help,
            );
            None
        }
        Some(FnArg::Typed(first)) => {
            let conditional = first.attrs.iter().find(|attribute| {
                attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
            });
            if let Some(attribute) = conditional {
                let message = format!("the first parameter of `{name}` is conditional");
                let help = "put the `cfg` on the whole function, once for each type of connection";
                refuse(attribute.span(), message, "may not be there", help);
                return None;
            }
            Some(first)
        }
    }
}

/// Finds syntax that parses, but that the generator does not understand.
#[derive(Default)]
struct Unknown {
    is_there: bool,
}

impl<'ast> Visit<'ast> for Unknown {
    fn visit_type(&mut self, ty: &'ast Type) {
        self.is_there |= matches!(ty, Type::Verbatim(_));
        visit::visit_type(self, ty);
    }

    fn visit_type_param_bound(&mut self, bound: &'ast TypeParamBound) {
        self.is_there |= matches!(bound, TypeParamBound::Verbatim(_));
        visit::visit_type_param_bound(self, bound);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        self.is_there |= matches!(expression, Expr::Verbatim(_));
        visit::visit_expr(self, expression);
    }
}

/// Returns the qualifier that makes a function special, for example `unsafe`.
fn qualifier(item: &ItemFn) -> Option<(Span, &'static str)> {
    let signature = &item.sig;
    if let Safety::Unsafe(token) = &signature.safety {
        return Some((token.span, "the unsafe function"));
    }
    if let Some(token) = &signature.constness {
        return Some((token.span, "the const function"));
    }
    if let Some(abi) = &signature.abi {
        return Some((abi.extern_token.span, "the extern function"));
    }
    if let Some(variadic) = &signature.variadic {
        return Some((variadic.span(), "the variadic function"));
    }
    None
}
