use std::collections::BTreeSet;

use syn::{Attribute, Item, ItemMod, Visibility};

use super::imports;
use super::wrapper;
use crate::attributes::comments::doc_comments;
use crate::emit::fixed::Fixed;
use crate::emit::layout::{self, Paragraphs};
use crate::emit::module::{Function, Module};
use crate::lints::Surroundings;
use crate::runtime::Runtime;
use crate::signature::returns::Returned;
use crate::syntax::ident;

/// Writes the module of a component.
pub(super) fn module(
    module: Module<'_>,
    fixed: &Fixed,
    surroundings: &Surroundings,
    runtime: &Runtime,
) -> String {
    let name = &module.component.name;
    let mut items = Paragraphs::default();
    for import in &module.imports.uses {
        let Some(item) = imports::item(import) else {
            continue;
        };
        let item = layout::module_item(item);
        if import.cfg.is_empty() {
            items.continue_with(&item);
        } else {
            items.add(&item);
        }
    }
    items.add(&fixed.component(module.component));
    items.add(fixed.accessors());
    let allow = surroundings.allow(allowed(&module, surroundings));
    for function in module.functions {
        items.add(&wrapper::item(function, runtime));
    }
    let docs = match &module.component.doc {
        Some(doc) => doc.lines().map(str::to_owned).collect(),
        None => vec![format!("The component `{name}`.")],
    };
    let cfg = module.component.cfg.iter();
    let mut attributes: Vec<Attribute> = cfg.map(|cfg| cfg.attribute.clone()).collect();
    attributes.extend(allow);
    let head = layout::root_item(Item::Mod(ItemMod {
        attrs: attributes,
        vis: Visibility::Public(Default::default()),
        unsafety: None,
        mod_token: Default::default(),
        ident: ident(name),
        content: Some(Default::default()),
        semi: None,
    }));
    let head = head.strip_suffix("}\n").unwrap_or_default();
    format!(
        "{}{head}\n{}}}\n",
        doc_comments(&docs, ""),
        items.into_text()
    )
}

/// Returns the lints that the module's text may trip, and no others. A crate that forbids a lint
/// cannot contain an `allow` of it.
fn allowed(module: &Module<'_>, surroundings: &Surroundings) -> BTreeSet<String> {
    let has_globs = module.imports.uses.iter().any(|import| import.is_glob);
    let is_conditional = module
        .functions
        .iter()
        .any(|function| function.is_conditional);
    let has_docs = module
        .functions
        .iter()
        .any(|function| !function.attributes.docs.is_empty());
    let has_underscores = module
        .functions
        .iter()
        .flat_map(|function| &function.wrapper.arguments)
        .any(|argument| argument.name.to_string().starts_with('_'));
    let has_units = module
        .functions
        .iter()
        .any(|function| matches!(function.wrapper.returned, Returned::Plain(_)));
    let is_async = module
        .functions
        .iter()
        .any(|function| function.wrapper.is_async());
    let mut documented = module
        .functions
        .iter()
        .filter(|function| function.is_public);
    let has_unsaid_errors = documented.any(|function| !speaks_of_errors(function));
    let is_in_crate = module.functions.iter().any(|function| !function.is_public);
    let mut docs = module
        .functions
        .iter()
        .flat_map(|function| &function.attributes.docs);
    let has_links = docs.any(|line| line.contains('['));
    let name = &module.component.name;
    let list: [(&str, bool); 14] = [
        ("dead_code", is_in_crate || !surroundings.is_exposed),
        ("non_snake_case", !is_snake_case(name)),
        ("unreachable_pub", !surroundings.is_exposed),
        ("unused_qualifications", true),
        ("unused_imports", has_globs || is_conditional),
        (
            "clippy::doc_markdown",
            has_docs || module.component.doc.is_some(),
        ),
        ("clippy::large_futures", is_async),
        ("clippy::missing_errors_doc", has_unsaid_errors),
        ("clippy::unit_arg", has_units),
        ("clippy::used_underscore_binding", has_underscores),
        ("clippy::wildcard_imports", has_globs),
        ("rustdoc::broken_intra_doc_links", has_links),
        (
            "rustdoc::private_intra_doc_links",
            !module.functions.is_empty(),
        ),
        ("rustdoc::redundant_explicit_links", has_links),
    ];
    let needed = list.into_iter().filter(|(_, is_needed)| *is_needed);
    let mut lints = module.allows.clone();
    lints.extend(needed.map(|(lint, _)| lint.to_owned()));
    lints
}

/// Returns `true` if a function's documentation has a section on errors.
fn speaks_of_errors(function: &Function) -> bool {
    let mut docs = function.attributes.docs.iter();
    docs.any(|line| line.starts_with('#') && line.trim_matches(['#', ' ']) == "Errors")
}

/// Returns `true` if rustc accepts a name for a module without a warning.
fn is_snake_case(name: &str) -> bool {
    let name = name.trim_matches('_');
    !name.contains("__") && !name.chars().any(char::is_uppercase)
}
