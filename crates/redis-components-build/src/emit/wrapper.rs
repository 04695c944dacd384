use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::Visit;
use syn::{
    AngleBracketedGenericArguments, Attribute, Expr, ExprBlock, ExprPath, GenericArgument,
    Generics, Item, ItemFn, Lifetime, Lit, LitBool, Path, QSelf, ReturnType, Signature, Type,
    TypeImplTrait, TypeReference, VisRestricted, Visibility, parse_quote,
};

use super::layout;
use crate::attributes::Attributes;
use crate::attributes::comments::{doc_comments, untested_docs};
use crate::emit::layout::INDENTATION;
use crate::emit::module::Function;
use crate::nodes;
use crate::runtime::Runtime;
use crate::signature::Wrapper;
use crate::signature::connection::Borrow;
use crate::signature::returns::Returned;

/// Returns the text of a wrapper.
pub(super) fn item(function: Function, runtime: &Runtime) -> String {
    let (visibility, body) = (visibility(&function), body(&function, runtime));
    let source = link(&function);
    let Attributes {
        docs,
        has_examples,
        later_docs,
        others,
    } = function.attributes;
    let mut text = if has_examples {
        untested_docs(&docs, INDENTATION)
    } else {
        doc_comments(&docs, INDENTATION)
    };
    let mut attributes = later_docs;
    if !attributes.is_empty() {
        let source = format!(" {source}");
        attributes
            .extend::<[Attribute; 2]>([parse_quote!(#[doc = ""]), parse_quote!(#[doc = #source])]);
    } else if docs.is_empty() {
        text.push_str(&doc_comments(&[source], INDENTATION));
    } else {
        text.push_str(&doc_comments(&[String::new(), source], INDENTATION));
    }
    attributes.extend(others);
    text.push_str(&layout::module_item(Item::Fn(ItemFn {
        attrs: attributes,
        vis: visibility,
        modifiers: Default::default(),
        sig: signature(function.wrapper, runtime),
        block: Box::new(nodes::block(body)),
    })));
    text
}

fn visibility(function: &Function) -> Visibility {
    if function.is_public {
        return Visibility::Public(Default::default());
    }
    Visibility::Restricted(VisRestricted {
        pub_token: Default::default(),
        paren_token: Default::default(),
        in_token: None,
        path: Box::new(Path::from(Ident::new("crate", Span::call_site()))),
    })
}

/// Returns the link to the function, for the wrapper's documentation.
fn link(function: &Function) -> String {
    let ident = &function.wrapper.signature.ident;
    let (name, module) = (ident.unraw(), &function.module);
    // Links contain no `r#`.
    let path = format!("{module}::{ident}").replace("r#", "");
    format!("Generated from [`{name}`]({path}()).")
}

fn signature(wrapper: Wrapper, runtime: &Runtime) -> Signature {
    let mut signature = wrapper.signature;
    if let Returned::Plain(ty) = wrapper.returned {
        let error = nodes::path_type(runtime.item(&["Error"]));
        let arguments = [ty, error].map(GenericArgument::Type);
        let result = nodes::with_arguments(
            nodes::absolute(&["core", "result", "Result"]),
            nodes::generic_arguments(arguments),
        );
        signature.output = ReturnType::Type(Default::default(), Box::new(nodes::path_type(result)));
    }
    signature
}

/// Returns the body: one expression without a local variable, which a parameter's name could hide.
fn body(function: &Function, runtime: &Runtime) -> Expr {
    let wrapper = &function.wrapper;
    let begin = nodes::call(
        nodes::item(runtime.item(&["__private", "begin"])),
        component_and_name(wrapper),
    );
    let (finish, turbofish) = match &wrapper.returned {
        Returned::Result(_) => ("finish", None),
        Returned::Plain(ty) => ("finish_plain", Some(of_plain(ty, wrapper, runtime))),
    };
    let call = awaited(called(function, runtime), wrapper);
    nodes::method(begin, finish, turbofish, call)
}

/// Returns the call of the function itself.
fn called(function: &Function, runtime: &Runtime) -> Expr {
    let wrapper = &function.wrapper;
    let mut path = function.module.path();
    path.segments.push(wrapper.signature.ident.clone().into());
    if let Some(arguments) = &wrapper.turbofish {
        let arguments = nodes::generic_arguments(arguments.iter().cloned());
        path = nodes::with_arguments(
            path,
            AngleBracketedGenericArguments {
                colon2_token: Some(Default::default()),
                ..arguments
            },
        );
    }
    let connection = std::iter::once(connection(wrapper, runtime));
    let arguments = wrapper.arguments.iter().map(|argument| {
        Expr::Path(ExprPath {
            attrs: argument.cfg.clone(),
            qself: None,
            path: Path::from(argument.name.clone()),
        })
    });
    nodes::call(nodes::item(path), connection.chain(arguments))
}

fn connection(wrapper: &Wrapper, runtime: &Runtime) -> Expr {
    let acquire = match (wrapper.is_async(), wrapper.is_dedicated) {
        (true, false) => "Acquire",
        (true, true) => "AcquireDedicated",
        (false, false) => "AcquireBlocking",
        (false, true) => "AcquireDedicatedBlocking",
    };
    let mut path = runtime.item(&["__private", acquire]);
    let ty = QSelf {
        lt_token: Default::default(),
        ty: Box::new(wrapper.connection.ty.clone()),
        position: path.segments.len(),
        as_token: Some(Default::default()),
        gt_token: Default::default(),
    };
    let method = if wrapper.stays {
        "acquire_staying"
    } else {
        "acquire"
    };
    path.segments.push(nodes::segment(method));
    let function = Expr::Path(ExprPath {
        attrs: Vec::new(),
        qself: Some(ty),
        path,
    });
    let mut acquired = awaited(nodes::call(function, component_and_name(wrapper)), wrapper);
    if let Returned::Result(ty) = &wrapper.returned {
        let convert = nodes::macro_call(runtime.item(&["__error_into"]), ty.to_token_stream());
        acquired = nodes::method(acquired, "map_err", None, convert);
    }
    acquired = nodes::question(acquired);
    if wrapper.is_async() && wrapper.is_dedicated {
        // The acquired value is a guard that closes the connection.
        acquired = nodes::dereference(acquired);
    }
    match wrapper.connection.borrow {
        Borrow::Mutable => nodes::reference(acquired, true),
        Borrow::Shared => nodes::reference(acquired, false),
        Borrow::Moved => acquired,
    }
}

fn component_and_name(wrapper: &Wrapper) -> [Expr; 2] {
    let component = nodes::item(nodes::path(&["self", "COMPONENT"]));
    let name = wrapper.signature.ident.unraw().to_string();
    [nodes::reference(component, false), nodes::string(&name)]
}

fn awaited(call: Expr, wrapper: &Wrapper) -> Expr {
    if wrapper.is_async() {
        nodes::dot_await(call)
    } else {
        call
    }
}

/// Returns the generic arguments of `finish_plain`. An alias with any name may stand for a
/// `Result`, and only the compiler can tell.
fn of_plain(ty: &Type, wrapper: &Wrapper, runtime: &Runtime) -> AngleBracketedGenericArguments {
    let is_result = if may_be_alias(ty, &wrapper.signature.generics) {
        let path = runtime.item(&["__is_result"]);
        let is_result = nodes::macro_call(path, ty.to_token_stream());
        Expr::Block(ExprBlock {
            attrs: Vec::new(),
            label: None,
            block: nodes::block(is_result),
        })
    } else {
        nodes::literal(Lit::Bool(LitBool::new(false, Span::call_site())))
    };
    AngleBracketedGenericArguments {
        colon2_token: Some(Default::default()),
        ..nodes::generic_arguments([
            GenericArgument::Type(nodes::infer()),
            GenericArgument::Const(is_result),
        ])
    }
}

/// Returns `true` if a return type may be an alias, and a constant can ask the compiler. That takes
/// a path without generic parameters, lifetimes, references and `impl`.
fn may_be_alias(ty: &Type, generics: &Generics) -> bool {
    if !matches!(ty, Type::Path(_)) {
        return false;
    }
    let mut askable = Askable {
        generics,
        is_so: true,
    };
    askable.visit_type(ty);
    askable.is_so
}

struct Askable<'a> {
    generics: &'a Generics,
    is_so: bool,
}

impl<'ast> Visit<'ast> for Askable<'_> {
    fn visit_lifetime(&mut self, _: &'ast Lifetime) {
        self.is_so = false;
    }

    fn visit_type_reference(&mut self, _: &'ast TypeReference) {
        self.is_so = false;
    }

    fn visit_type_impl_trait(&mut self, _: &'ast TypeImplTrait) {
        self.is_so = false;
    }

    fn visit_ident(&mut self, ident: &'ast Ident) {
        let mut types = self.generics.type_params().map(|param| &param.ident);
        let mut constants = self.generics.const_params().map(|param| &param.ident);
        if types.any(|name| name == ident) || constants.any(|name| name == ident) {
            self.is_so = false;
        }
    }
}
