//! One `use` item of a generated module.

use proc_macro2::Ident;
use quote::quote;
use syn::Attribute;
use syn::ext::IdentExt;

/// One name, or everything, brought into a generated module.
#[derive(Clone)]
pub(crate) struct Import {
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) leading_colon: bool,
    pub(crate) path: Vec<Ident>,
    pub(crate) rename: Option<Ident>,
    pub(crate) is_glob: bool,
}

impl Import {
    /// Returns an import of a path under its last name.
    pub(crate) fn of_path(path: Vec<Ident>) -> Self {
        Self {
            cfg: Vec::new(),
            leading_colon: false,
            path,
            rename: None,
            is_glob: false,
        }
    }

    /// Returns an import of a path under a name, which may be the path's last.
    pub(crate) fn named(path: Vec<Ident>, name: &Ident) -> Self {
        let is_last = path.last() == Some(name);
        Self {
            rename: (!is_last).then(|| name.clone()),
            ..Self::of_path(path)
        }
    }

    /// Returns the name that it declares.
    pub(crate) fn name(&self) -> String {
        let name = self.rename.as_ref().or(self.path.last());
        name.map(|name| name.unraw().to_string())
            .unwrap_or_default()
    }

    /// Returns `true` if the import is a crate by its own name, which resolves without an import.
    pub(crate) fn is_needless(&self) -> bool {
        self.path.len() == 1 && self.rename.is_none() && !self.is_glob
    }
}

/// Returns the sort key of an import, with the crate's own names first. Different imports have
/// different keys.
pub(crate) fn sort_key(import: &Import) -> (bool, String, bool, Option<String>, String) {
    let path: Vec<String> = import.path.iter().map(ToString::to_string).collect();
    let cfg = &import.cfg;
    (
        path.first().is_none_or(|first| first != "crate"),
        path.join("::"),
        import.is_glob,
        import.rename.as_ref().map(ToString::to_string),
        quote!(#(#cfg)*).to_string(),
    )
}
