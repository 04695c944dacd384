//! Stage 3: a function's signature becomes its wrapper's, without the connection.

pub(crate) mod borrow;
pub(crate) mod connection;
pub(crate) mod flavour;
pub(crate) mod generics;
pub(crate) mod hint;
pub(crate) mod lifetimes;
pub(crate) mod parameters;
pub(crate) mod reach;
pub(crate) mod refuse;
pub(crate) mod remove;
pub(crate) mod returns;
pub(crate) mod shared;
pub(crate) mod substitute;

use std::collections::BTreeSet;

use quote::quote;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Attribute, GenericArgument, Signature};

use self::connection::Connection;
use self::parameters::Argument;
use self::returns::Returned;
use crate::carry::choices::Choices;
use crate::carry::imports::Imports;
use crate::carry::mentions::Mentions;
use crate::carry::qualify::Qualify;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::find::found::Found;
use crate::manifest::functions::Function;
use crate::resolve::local::Local;
use crate::resolve::resolver::Resolver;
use crate::rewrite::Absolute;
use crate::runtime::Runtime;
use crate::source::attributes::cfgs;

/// The most variants that a function may have.
const MOST_VARIANTS: usize = 64;

/// The plan of a function's wrapper.
pub(crate) struct Wrapper {
    /// The wrapper's signature, still with the function's return type.
    pub(crate) signature: Signature,
    pub(crate) connection: Connection,
    pub(crate) returned: Returned,
    /// Whether each call has its own connection.
    pub(crate) is_dedicated: bool,
    /// Whether its connection stays on its server when the component moves.
    pub(crate) stays: bool,
    pub(crate) arguments: Vec<Argument>,
    /// The generic arguments of the call. `None` if the call has none.
    pub(crate) turbofish: Option<Vec<GenericArgument>>,
    /// The names in the signature as written.
    pub(crate) mentions: Mentions,
    /// The imports for these names.
    pub(crate) imports: Imports,
    /// The conditions under which its signature has this meaning.
    pub(crate) cfg: Vec<Attribute>,
}

/// Plans the wrappers of a function. Returns several if `cfg` chooses between meanings of its
/// signature. Returns none if there is a problem, which is reported.
///
/// `taken` are the names of the generated module's own items.
pub(crate) fn plan(
    function: &Function,
    found: &Found,
    taken: &BTreeSet<String>,
    resolver: &mut Resolver<'_>,
    runtime: &Runtime,
    diagnostics: &mut Diagnostics,
) -> Vec<Wrapper> {
    let mut choices = Choices::default();
    let mut wrappers: Vec<Wrapper> = Vec::new();
    for _ in 0..MOST_VARIANTS {
        let variant = variant(
            function,
            found,
            taken,
            &mut choices,
            resolver,
            runtime,
            diagnostics,
        );
        wrappers.extend(variant);
        if !choices.next() {
            if wrappers.windows(2).all(|pair| pair[0].is_like(&pair[1])) {
                // The names are public, and their meanings make no difference to these wrappers.
                wrappers = wrappers
                    .into_iter()
                    .reduce(Wrapper::merged)
                    .into_iter()
                    .collect();
                wrappers.iter_mut().for_each(|only| only.cfg.clear());
            }
            return wrappers;
        }
    }
    let name = &function.name;
    let message = format!("`{name}` has more than {MOST_VARIANTS} variants");
    let spot = found.scope.source.spot(found.item.sig.ident.span());
    let label = "`cfg` chooses between the declarations of too many types in its signature";
    diagnostics.error(
        Diagnostic::error(message, &spot, label)
            .context(&function.spot, "listed here")
            .help("make the type aliases in it `pub` or `pub(crate)`"),
    );
    Vec::new()
}

/// Plans one variant of a wrapper.
fn variant(
    function: &Function,
    found: &Found,
    taken: &BTreeSet<String>,
    choices: &mut Choices,
    resolver: &mut Resolver<'_>,
    runtime: &Runtime,
    diagnostics: &mut Diagnostics,
) -> Option<Wrapper> {
    let (source, module) = (&*found.scope.source, &found.scope.module);
    let mut conditions = found.cfg.clone();
    conditions.extend(cfgs(&found.item.attrs));
    let mut item = found.item.clone();
    refuse::check(function, &item, source, diagnostics)?;
    let (seen, mut imports) = resolver.see_through(&mut item.sig, found.view(&conditions), choices);
    conditions.extend(choices.conditions().cloned());
    let view = found.view(&conditions);
    let first = refuse::check(function, &item, source, diagnostics)?
        .ty
        .clone();
    let seen = &seen.signature;
    let is_async = item.sig.asyncness.is_some();
    let mut connection = Connection::of(&first, &item.sig, runtime);
    let scope = &found.scope;
    let mut local = Local { scope, resolver };
    if let Err(error) = connection::check(function, &connection, is_async, &first, source)
        .and_then(|()| borrow::check(function, seen, &first, &mut local))
        .and_then(|()| returns::check(function, seen, &mut local))
        .and_then(|()| flavour::check(function, seen, &mut local))
        .and_then(|()| shared::check(function, seen, &first, source))
    {
        diagnostics.error(*error);
        return None;
    }
    let is_result = returns::is_result(&seen.output, function, &mut local);

    let mut signature = item.sig;
    signature.inputs = signature.inputs.into_iter().skip(1).collect();
    let pruned = generics::prune(&mut signature, &first, &connection);
    if let Some(name) = pruned.undetermined(&connection) {
        diagnostics.error(*connection::undetermined(function, &name, &first, source));
        return None;
    }
    let arguments = parameters::name(&mut signature.inputs);
    Absolute { module }.visit_signature_mut(&mut signature);
    connection.rewrite(&mut Absolute { module });
    imports.merge(resolver.nameable_in(view, |nameable| {
        nameable.visit_signature_mut(&mut signature);
        connection.rewrite(nameable);
    }));

    let mut mentions = Mentions::default();
    mentions.visit_signature(&signature);
    connection.mention(&mut mentions);
    for param in &signature.generics.params {
        mentions.remove(param);
    }
    imports.add_all(mentions.clone(), view, resolver);
    imports.report_hidden(function, diagnostics);
    let is_written_out = |name: &str| found.is_foreign || taken.contains(name);
    let mut qualify = Qualify::take_where(&mut imports, is_written_out);
    qualify.visit_signature_mut(&mut signature);
    connection.rewrite(&mut qualify);
    Some(Wrapper {
        cfg: choices.conditions().cloned().collect(),
        returned: Returned::of(&signature.output, is_result),
        is_dedicated: function.is_dedicated,
        stays: function.stays,
        turbofish: pruned.turbofish(&connection),
        signature,
        connection,
        arguments,
        imports,
        mentions,
    })
}

impl Wrapper {
    /// Adds the imports of another wrapper with the same text.
    fn merged(mut self, other: Self) -> Self {
        self.imports.merge(other.imports);
        self
    }

    /// Returns `true` if another wrapper has the same text.
    fn is_like(&self, other: &Self) -> bool {
        let text = |wrapper: &Self| {
            let (signature, connection) = (&wrapper.signature, &wrapper.connection.ty);
            quote!(#signature #connection).to_string()
        };
        let is_result = |wrapper: &Self| matches!(wrapper.returned, Returned::Result(_));
        is_result(self) == is_result(other) && text(self) == text(other)
    }

    pub(crate) fn is_async(&self) -> bool {
        self.signature.asyncness.is_some()
    }
}
