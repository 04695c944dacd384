use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::{Attribute, Item, ItemMod, parse_quote};

use super::{Module, imports, wrapper};
use crate::attributes::{allow_lints, doc_comments};
use crate::signature::Returned;
use crate::syntax::ident;

/// Builds the module of a component.
pub(super) fn module(
    module: &Module<'_>,
    config_server: Option<&str>,
    runtime: &TokenStream,
) -> ItemMod {
    let name = &module.component.name;
    let mut items: Vec<Item> = module.imports.uses.iter().map(imports::item).collect();
    items.extend(fixed(module, config_server, runtime));
    items.extend(
        module
            .functions
            .iter()
            .map(|function| Item::Fn(wrapper::item(function, runtime))),
    );
    let docs = match &module.component.doc {
        Some(doc) => doc.lines().map(str::to_owned).collect(),
        None => vec![format!("The component `{name}`.")],
    };
    let ident = ident(name);
    let mut attributes = doc_comments(&docs);
    let cfg = module.component.cfg.as_ref();
    attributes.extend(cfg.map(|cfg| cfg.attribute.clone()));
    attributes.push(allow(module));
    let mut item: ItemMod = parse_quote!(pub mod #ident {});
    item.attrs = attributes;
    if let Some((_, content)) = &mut item.content {
        *content = items;
    }
    item
}

/// The items that every module has.
fn fixed(module: &Module<'_>, config_server: Option<&str>, runtime: &TokenStream) -> [Item; 3] {
    let component = module.component;
    let (name, key) = (&component.name, &component.key);
    // Not in the unit that fits, because which one does is a lint that changes with the compiler.
    let seconds = number(component.wait_in_milliseconds / 1_000);
    let nanoseconds = number(component.wait_in_milliseconds % 1_000 * 1_000_000);
    let connections = number(component.connections);
    let config_server = match config_server {
        Some(url) => quote!(::core::option::Option::Some(#url)),
        None => quote!(::core::option::Option::None),
    };
    let doc = format!(" The component `{name}`: its name, config key and `wait`.");
    let errors =
        " Returns an error that says what is wrong where there is no connection to be had.";
    [
        parse_quote! {
            #[doc = #doc]
            pub static COMPONENT: #runtime::Component =
                #runtime::__private::component(#runtime::__private::Declaration {
                    name: #name,
                    key: #key,
                    wait: ::core::time::Duration::new(#seconds, #nanoseconds),
                    connections: #connections,
                    config_server: #config_server,
                });
        },
        parse_quote! {
            /// Returns a connection to the component's server.
            ///
            /// # Errors
            ///
            #[doc = #errors]
            pub async fn connection() -> ::core::result::Result<#runtime::Connection, #runtime::Error> {
                self::COMPONENT.connection().await
            }
        },
        parse_quote! {
            /// Returns a connection to the component's server, for code that is not async.
            ///
            /// # Errors
            ///
            #[doc = #errors]
            pub fn blocking_connection() -> ::core::result::Result<#runtime::blocking::Connection, #runtime::Error> {
                self::COMPONENT.blocking_connection()
            }
        },
    ]
}

/// Writes a number as people do, in groups of three digits.
fn number(number: u64) -> Literal {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped
        .parse()
        .unwrap_or_else(|_| Literal::u64_unsuffixed(number))
}

/// Allows what the module's text may trip, and no more: a crate that forbids a lint can have no
/// `allow` of it.
fn allow(module: &Module<'_>) -> Attribute {
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
    let list: [(&str, bool); 13] = [
        ("dead_code", true),
        ("unreachable_pub", true),
        ("unused_qualifications", true),
        ("unused_imports", has_globs || is_conditional),
        (
            "clippy::doc_markdown",
            has_docs || module.component.doc.is_some(),
        ),
        ("clippy::large_futures", is_async),
        ("clippy::missing_errors_doc", !module.functions.is_empty()),
        ("clippy::unit_arg", has_units),
        ("clippy::used_underscore_binding", has_underscores),
        ("clippy::wildcard_imports", has_globs),
        ("rustdoc::broken_intra_doc_links", has_docs),
        (
            "rustdoc::private_intra_doc_links",
            !module.functions.is_empty(),
        ),
        ("rustdoc::redundant_explicit_links", has_docs),
    ];
    let needed = list.into_iter().filter(|(_, is_needed)| *is_needed);
    let mut lints = module.allows.clone();
    lints.extend(needed.map(|(lint, _)| lint.to_owned()));
    allow_lints(&lints)
}
