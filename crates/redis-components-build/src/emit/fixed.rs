use proc_macro2::Span;
use quote::quote;
use syn::{
    Expr, Item, ItemStatic, Lit, LitInt, Path, StaticMutability, Type, Visibility, parse_quote,
};

use crate::attributes::comments::doc_comments;
use crate::emit::layout::{self, INDENTATION, Paragraphs};
use crate::manifest::component::Component;
use crate::manifest::config_server::ConfigServer;
use crate::nodes;
use crate::nodes::path_type;
use crate::runtime::Runtime;
use crate::syntax::ident;

/// The items that every module has. They are made once, because parsing them for each module would
/// take longer than all other work.
pub(super) struct Fixed {
    component_type: Type,
    component: Path,
    declaration: Path,
    key_prefix: Expr,
    config_server: Expr,
    accessors: String,
}

impl Fixed {
    pub(super) fn new(config_server: &ConfigServer, runtime: &Runtime) -> Self {
        let key_prefix = nodes::string(&config_server.key_prefix);
        let config_server = match &config_server.url {
            Some(url) => quote!(::core::option::Option::Some(#url)),
            None => quote!(::core::option::Option::None),
        };
        Self {
            component_type: path_type(runtime.item(&["Component"])),
            component: runtime.item(&["__private", "component"]),
            declaration: runtime.item(&["__private", "Declaration"]),
            key_prefix,
            config_server: parse_quote!(#config_server),
            accessors: accessors(runtime),
        }
    }

    /// The functions that return a connection.
    pub(super) fn accessors(&self) -> &str {
        &self.accessors
    }

    /// Returns the constant `COMPONENT` of a component.
    pub(super) fn component(&self, component: &Component) -> String {
        let name = &component.name;
        let doc = format!("The component `{name}`: its name, config key and `wait`.");
        let declaration = [
            ("name", nodes::string(name)),
            ("key", nodes::string(&component.key)),
            ("key_prefix", self.key_prefix.clone()),
            ("has_own_key", nodes::boolean(component.has_own_key)),
            ("wait", duration(component.wait_in_milliseconds)),
            ("connections", number(component.connections)),
            ("config_server", self.config_server.clone()),
        ];
        let declaration = nodes::structure(self.declaration.clone(), declaration);
        let item = ItemStatic {
            attrs: Vec::new(),
            vis: Visibility::Public(Default::default()),
            static_token: Default::default(),
            mutability: StaticMutability::None,
            ident: ident("COMPONENT"),
            colon_token: Default::default(),
            ty: Box::new(self.component_type.clone()),
            eq_token: Default::default(),
            expr: Box::new(nodes::call(
                nodes::item(self.component.clone()),
                [declaration],
            )),
            semi_token: Default::default(),
        };
        let mut text = doc_comments(&[doc], INDENTATION);
        text.push_str(&layout::module_item(Item::Static(item)));
        text
    }
}

fn accessors(runtime: &Runtime) -> String {
    let errors = " Returns an error if no connection is available; its text says why.";
    let items: [Item; 2] = [
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
    ];
    let mut text = Paragraphs::default();
    for item in items {
        text.add(&layout::module_item(item));
    }
    text.into_text()
}

/// Returns a `Duration` made by `new`. Clippy's choice of the best unit changes with the compiler.
fn duration(milliseconds: u64) -> Expr {
    let new = nodes::item(nodes::absolute(&["core", "time", "Duration", "new"]));
    nodes::call(
        new,
        [
            number(milliseconds / 1_000),
            number(milliseconds % 1_000 * 1_000_000),
        ],
    )
}

/// Returns a number as a literal, in groups of three digits.
fn number(number: u64) -> Expr {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    nodes::literal(Lit::Int(LitInt::new(&grouped, Span::call_site())))
}
