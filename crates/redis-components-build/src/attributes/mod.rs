//! The attributes that a wrapper takes over from its function.
//!
//! Only listed attributes are copied. The others act on the function itself, and once is enough.

pub(crate) mod comments;
pub(crate) mod docs;
pub(crate) mod links;
mod literals;

use std::collections::BTreeSet;

use proc_macro2::Ident;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Meta, Path, parse_quote};

use crate::find::found::Found;
use crate::lints::Surroundings;
use crate::signature::Wrapper;
use crate::signature::returns::{Returned, is_never};
use crate::source::attributes::{allowed_lints, cfgs, inner, without_repetitions};
use crate::source::file::Source;

/// A wrapper's attributes.
pub(crate) struct Attributes {
    /// The function's own documentation, line by line.
    pub(crate) docs: Vec<String>,
    /// Whether the documentation may have examples, which rustdoc tests for the function only.
    pub(crate) has_examples: bool,
    /// The documentation from the first part on that a macro generates or a condition chooses.
    pub(crate) later_docs: Vec<Attribute>,
    pub(crate) others: Vec<Attribute>,
}

/// Returns the attributes that a wrapper takes over from its function.
pub(crate) fn of(found: &Found, wrapper: &Wrapper, surroundings: &Surroundings) -> Attributes {
    let mut texts = Vec::new();
    let mut later_docs = Vec::new();
    let own = without_repetitions(cfgs(&found.item.attrs));
    let around = own.iter().chain(&found.cfg).chain(&wrapper.cfg);
    // The loop below copies the function's own conditions with its other attributes.
    let around = without_repetitions(around.cloned().collect());
    let mut others: Vec<Attribute> = around.into_iter().skip(own.len()).collect();
    for attribute in &found.item.attrs {
        if let Some(text) = doc_text(attribute, &found.scope.source) {
            if later_docs.is_empty() {
                texts.push(text);
            } else {
                later_docs.extend(docs::untested_lines(&[], &text));
            }
            continue;
        }
        let attribute = literals::visible(attribute, &found.scope.source);
        docs::add_generated(
            &attribute.meta,
            &[],
            &found.scope.source.file.path,
            &mut later_docs,
        );
        if let Some(meta) = copied(&attribute.meta, wrapper) {
            others.push(Attribute {
                meta,
                ..attribute.into_owned()
            });
        }
    }
    let mut lints = BTreeSet::new();
    if others.iter().any(|attribute| deprecates(&attribute.meta)) {
        // The wrapper's body calls the deprecated function.
        lints.insert("deprecated".to_owned());
    }
    if wrapper.signature.generics.lifetimes().next().is_some() {
        // Without the connection, a lifetime may no longer need its name.
        lints.insert("clippy::elidable_lifetime_names".to_owned());
        lints.insert("clippy::needless_lifetimes".to_owned());
        lints.insert("single_use_lifetimes".to_owned());
    }
    if has_hasher(wrapper) {
        // The function may be in a private module, and the lint does not apply there.
        lints.insert("clippy::implicit_hasher".to_owned());
    }
    if wrapper.signature.ident.to_string().starts_with('_') {
        // The wrapper's body calls the function.
        lints.insert("clippy::used_underscore_items".to_owned());
    }
    if wrapper.imports.is_written_out {
        lints.insert("clippy::type_complexity".to_owned());
    }
    if is_never(&wrapper.signature.output) {
        // The code after the call is unreachable.
        lints.insert("unreachable_code".to_owned());
    }
    let allowed = allowed_lints(&others);
    lints.retain(|lint| !allowed.contains(lint));
    // One attribute for all lints, because clippy warns if two attributes name the same lint.
    others.extend(surroundings.allow(lints));
    let docs = docs::lines(&texts);
    Attributes {
        has_examples: docs::may_have_examples(&docs),
        docs,
        later_docs,
        others,
    }
}

/// Returns `true` if a function has conditions.
pub(crate) fn is_conditional(found: &Found) -> bool {
    let item = &found.item;
    let is_cfg = |attribute: &Attribute| {
        attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
    };
    !found.cfg.is_empty()
        || item.attrs.iter().any(is_cfg)
        || item.sig.inputs.iter().any(|input| match input {
            syn::FnArg::Typed(input) => input.attrs.iter().any(is_cfg),
            syn::FnArg::Receiver(_) => false,
        })
}

/// Returns the documentation that an attribute gives as text.
fn doc_text(attribute: &Attribute, source: &Source) -> Option<String> {
    if let Some(lines) = source.docs(attribute) {
        return Some(lines.collect::<Vec<_>>().join("\n"));
    }
    let Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    let text = docs::literal(&meta.value).filter(|_| meta.path.is_ident("doc"))?;
    let spot = source.spot(attribute.span());
    let is_block = spot.file.text[spot.range].starts_with("/**");
    Some(if is_block {
        docs::without_stars(&text)
    } else {
        text
    })
}

/// Returns the part of an attribute that the wrapper takes over.
fn copied(meta: &Meta, wrapper: &Wrapper) -> Option<Meta> {
    let path = meta.path();
    let is = |name: &str| path.is_ident(name);
    if is("cfg_attr") {
        let mut metas = inner(meta)?.into_iter();
        let condition = metas.next()?;
        let copied: Vec<Meta> = metas.filter_map(|meta| copied(&meta, wrapper)).collect();
        return (!copied.is_empty()).then(|| parse_quote!(cfg_attr(#condition, #(#copied),*)));
    }
    if is("expect") {
        // The wrapper may not trip a lint that its function trips, and then `expect` would warn.
        let mut list = meta.require_list().ok()?.clone();
        list.path = parse_quote!(allow);
        return Some(Meta::List(list));
    }
    let is_copied = if is("must_use") {
        // The wrapper returns a `Result`, on which clippy warns about a bare `must_use`.
        let is_bare = matches!(meta, Meta::Path(_));
        !(is_bare && matches!(wrapper.returned, Returned::Plain(_)))
    } else if is("track_caller") {
        !wrapper.is_async()
    } else if is("doc") {
        inner(meta).is_some_and(|metas| {
            metas.iter().all(|meta| {
                let path = meta.path();
                path.is_ident("hidden") || path.is_ident("alias")
            })
        })
    } else {
        is("cfg") || is("deprecated") || is("allow")
    };
    is_copied.then(|| meta.clone())
}

/// Returns `true` if a signature has a map or set with the standard library's default hasher.
fn has_hasher(wrapper: &Wrapper) -> bool {
    let is_hashed = |ident: &Ident| ident == "HashMap" || ident == "HashSet";
    let mut finder = Finder {
        is_wanted: &is_hashed,
        is_found: false,
    };
    finder.visit_signature(&wrapper.signature);
    let mut imported = wrapper.imports.uses.iter();
    finder.is_found || imported.any(|import| import.path.last().is_some_and(is_hashed))
}

struct Finder<'a> {
    is_wanted: &'a dyn Fn(&Ident) -> bool,
    is_found: bool,
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_path(&mut self, path: &'ast Path) {
        let last = path.segments.last();
        self.is_found |= last.is_some_and(|last| (self.is_wanted)(&last.ident));
        visit::visit_path(self, path);
    }
}

/// Returns `true` if an attribute deprecates its item, also under a condition.
fn deprecates(meta: &Meta) -> bool {
    let path = meta.path();
    path.is_ident("deprecated")
        || path.is_ident("cfg_attr")
            && inner(meta).is_some_and(|metas| metas.iter().skip(1).any(deprecates))
}
