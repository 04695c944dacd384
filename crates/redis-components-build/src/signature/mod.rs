//! Stage 3: a function's signature becomes its wrapper's, without the connection.

mod borrow;
mod connection;
mod generics;
mod lifetimes;
mod parameters;
mod reach;
mod refuse;
mod remove;
mod returns;
mod substitute;

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{FnArg, ItemFn, Signature};

pub(crate) use connection::Connection;
pub(crate) use parameters::Argument;
pub(crate) use returns::Returned;

use crate::diagnostics::Diagnostics;
use crate::manifest::{Function, SourcePath};
use crate::rewrite::Absolute;
use crate::source::{Mentions, Source};

/// What is known of a function's wrapper.
pub(crate) struct Wrapper {
    /// The wrapper's signature; the return type is still the function's.
    pub(crate) signature: Signature,
    pub(crate) connection: Connection,
    pub(crate) returned: Returned,
    /// Whether each call has a connection of its own.
    pub(crate) is_dedicated: bool,
    pub(crate) arguments: Vec<Argument>,
    /// The generic arguments of the call, `None` where the function has none to give.
    pub(crate) turbofish: Option<Vec<TokenStream>>,
    /// The names that the signature needs.
    pub(crate) mentions: Mentions,
}

/// Plans the wrapper of a function; `None` where there is a problem, which is reported.
pub(crate) fn plan(
    function: &Function,
    item: &ItemFn,
    path: &SourcePath,
    source: &Source,
    runtime: &TokenStream,
    diagnostics: &mut Diagnostics,
) -> Option<Wrapper> {
    let first = refuse::check(function, item, source, diagnostics)?;
    let found = Connection::of(&first.ty, &item.sig, runtime);
    if let Err(error) = connection::check(function, &found, &first.ty, source)
        .and_then(|()| borrow::check(function, &item.sig, &first.ty, source))
        .and_then(|()| returns::check(function, &item.sig, source))
    {
        diagnostics.error(*error);
        return None;
    }

    let mut signature = item.sig.clone();
    signature.inputs = signature.inputs.into_iter().skip(1).collect();
    let pruned = generics::prune(&mut signature, &first.ty, &found);
    if let Some(name) = pruned.undetermined(&found) {
        diagnostics.error(*connection::undetermined(
            function, &name, &first.ty, source,
        ));
        return None;
    }
    let arguments = parameters::name(&mut signature.inputs);
    Absolute {
        module: &path.module,
    }
    .visit_signature_mut(&mut signature);
    let mut connection = found;
    connection.make_absolute(&path.module);

    let mut mentions = Mentions::default();
    mentions.visit_signature(&signature);
    connection.mention(&mut mentions);
    for param in &signature.generics.params {
        mentions.names.remove(&generics::name(param));
    }
    Some(Wrapper {
        returned: Returned::of(&signature.output, function, source),
        is_dedicated: function.is_dedicated,
        turbofish: pruned.turbofish(&connection),
        signature,
        connection,
        arguments,
        mentions,
    })
}

impl Wrapper {
    pub(crate) fn is_async(&self) -> bool {
        self.signature.asyncness.is_some()
    }

    pub(crate) fn generic_arguments(&self) -> TokenStream {
        self.turbofish
            .as_ref()
            .map(|arguments| quote!(::<#(#arguments),*>))
            .unwrap_or_default()
    }
}

type Inputs = Punctuated<FnArg, syn::Token![,]>;
