use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::visit::Visit;
use syn::{
    Block, Generics, ItemFn, Lifetime, Type, TypeImplTrait, TypeReference, Visibility, parse_quote,
};

use super::Function;
use crate::attributes::doc_comments;
use crate::signature::{Returned, Wrapper};

/// Builds a wrapper.
pub(super) fn item(function: &Function, runtime: &TokenStream) -> ItemFn {
    let wrapper = &function.wrapper;
    let mut signature = wrapper.signature.clone();
    if let Returned::Plain(ty) = &wrapper.returned {
        signature.output = parse_quote!(-> ::core::result::Result<#ty, #runtime::Error>);
    }
    let mut attributes = doc_comments(&docs(function));
    attributes.extend(function.attributes.others.iter().cloned());
    ItemFn {
        attrs: attributes,
        vis: visibility(function),
        modifiers: Default::default(),
        sig: signature,
        block: Box::new(body(function, runtime)),
    }
}

fn visibility(function: &Function) -> Visibility {
    if function.is_public {
        parse_quote!(pub)
    } else {
        parse_quote!(pub(crate))
    }
}

/// The function's own documentation, and the way to it.
fn docs(function: &Function) -> Vec<String> {
    let mut docs = function.attributes.docs.clone();
    if !docs.is_empty() {
        docs.push(String::new());
    }
    let ident = &function.wrapper.signature.ident;
    let (name, module) = (ident.unraw(), &function.module);
    docs.push(format!("Generated from [`{name}`]({module}::{ident}())."));
    docs
}

/// One expression without a local of its own, so that no parameter's name can be in its way.
fn body(function: &Function, runtime: &TokenStream) -> Block {
    let wrapper = &function.wrapper;
    let name = wrapper.signature.ident.unraw().to_string();
    let module = function.module.tokens();
    let ident = &wrapper.signature.ident;
    let generics = wrapper.generic_arguments();
    let connection = connection(wrapper, &name, runtime);
    let arguments = wrapper.arguments.iter().map(|argument| {
        let (cfg, name) = (&argument.cfg, &argument.name);
        quote!(#(#cfg)* #name)
    });
    let dot_await = wrapper.is_async().then(|| quote!(.await));
    let finish = match &wrapper.returned {
        Returned::Result(_) => quote!(finish),
        // An alias under any name may stand for a `Result`, which the compiler knows.
        Returned::Plain(ty) if may_be_alias(ty, &wrapper.signature.generics) => {
            quote!(finish_plain::<_, { #runtime::__is_result!(#ty) }>)
        }
        Returned::Plain(_) => quote!(finish_plain::<_, false>),
    };
    parse_quote! {{
        #runtime::__private::begin(&self::COMPONENT, #name).#finish(
            #module::#ident #generics (#connection, #(#arguments),*) #dot_await
        )
    }}
}

/// Tells whether a return type may be an alias and can be asked: a path without generics, lifetimes, references and `impl`,
/// which what is asked in a constant cannot have.
fn may_be_alias(ty: &TokenStream, generics: &Generics) -> bool {
    let Ok(ty @ Type::Path(_)) = syn::parse2::<Type>(ty.clone()) else {
        return false;
    };
    let mut askable = Askable {
        generics,
        is_so: true,
    };
    askable.visit_type(&ty);
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

fn connection(wrapper: &Wrapper, name: &str, runtime: &TokenStream) -> TokenStream {
    let (borrow, ty) = (&wrapper.connection.borrow, &wrapper.connection.ty);
    // What is acquired then is a guard that closes the connection.
    let star = (wrapper.is_async() && wrapper.is_dedicated).then(|| quote!(*));
    let dot_await = wrapper.is_async().then(|| quote!(.await));
    let acquire = match (wrapper.is_async(), wrapper.is_dedicated) {
        (true, false) => quote!(Acquire),
        (true, true) => quote!(AcquireDedicated),
        (false, false) => quote!(AcquireBlocking),
        (false, true) => quote!(AcquireDedicatedBlocking),
    };
    let convert = match &wrapper.returned {
        Returned::Result(ty) => Some(quote!(.map_err(#runtime::__error_into!(#ty)))),
        Returned::Plain(_) => None,
    };
    quote! {
        #borrow #star <#ty as #runtime::__private::#acquire>::acquire(&self::COMPONENT, #name)
            #dot_await #convert?
    }
}
