use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Block, ItemFn, Visibility, parse_quote};

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
    let finish = match wrapper.returned {
        Returned::Result(_) => quote!(finish),
        Returned::Plain(_) => quote!(finish_plain),
    };
    parse_quote! {{
        #runtime::__private::begin(&self::COMPONENT, #name).#finish(
            #module::#ident #generics (#connection, #(#arguments),*) #dot_await
        )
    }}
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
