//! The path of the runtime in generated code.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Path, parse_quote};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::quoted;
use crate::nodes::segment;

/// The path of the runtime crate.
pub(crate) struct Runtime {
    path: Path,
}

impl Runtime {
    /// Reads a path. Reports an invalid path and uses the default.
    pub(crate) fn parse(path: &str, diagnostics: &mut Diagnostics) -> Self {
        let path = syn::parse_str(path).unwrap_or_else(|_| {
            let message = format!("the runtime path {} is not a path", quoted(path));
            let help = "for example `::redis_components`, or `crate::reexported::redis_components`";
            diagnostics.error(Diagnostic::without_place(message).help(help));
            parse_quote!(::redis_components)
        });
        Self { path }
    }

    /// Returns the name of the crate, unless the path begins with `crate`.
    pub(crate) fn crate_name(&self) -> Option<String> {
        let first = &self.path.segments.first()?.ident;
        (first != "crate").then(|| first.to_string())
    }

    /// Returns the path of an item of the runtime.
    pub(crate) fn item(&self, names: &[&str]) -> Path {
        let mut path = self.path.clone();
        path.segments.extend(names.iter().map(|name| segment(name)));
        path
    }
}

impl ToTokens for Runtime {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.path.to_tokens(tokens);
    }
}
