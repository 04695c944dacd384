//! Type aliases, seen through.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, GenericArgument, GenericParam, Generics, ItemType, Lifetime, PathArguments, Type,
    TypePath, parse_quote,
};

use super::imports::Imports;
use super::lookup::{Kind, Meaning};
use super::public::View;
use super::{Mentions, Qualify, Sources};
use crate::rewrite::{Absolute, resolve};

/// Aliases of aliases are followed so far: a cycle is rustc's to report.
const MOST_ALIASES: usize = 16;

/// Writes out the aliases that the crate's root cannot name.
pub(crate) struct Expand<'a, 'b> {
    pub(super) view: View<'a>,
    pub(super) sources: &'a mut Sources<'b>,
    /// The function's own, which hide types of the same name.
    pub(super) generics: &'a Generics,
    pub(super) imports: Imports,
}

impl Expand<'_, '_> {
    /// Writes out every alias that a type is, or is a reference to.
    pub(crate) fn see_through(&mut self, ty: &mut Type) {
        for _ in 0..MOST_ALIASES {
            match self.expanded(ty, true) {
                Some(expanded) => *ty = expanded,
                None => break,
            }
        }
        match ty {
            Type::Reference(ty) => self.see_through(&mut ty.elem),
            Type::Paren(ty) => self.see_through(&mut ty.elem),
            Type::Group(ty) => self.see_through(&mut ty.elem),
            _ => {}
        }
    }

    fn expanded(&mut self, ty: &Type, also_nameable: bool) -> Option<Type> {
        let Type::Path(TypePath {
            qself: None, path, ..
        }) = ty
        else {
            return None;
        };
        let idents: Vec<Ident> = path.segments.iter().map(|s| s.ident.clone()).collect();
        let is_own = |name: &Ident| {
            let mut names = self.generics.type_params().map(|param| &param.ident);
            names.any(|own| own == name)
        };
        if path.leading_colon.is_some() || idents.first().is_some_and(is_own) {
            return None;
        }
        let found = match resolve(&idents, &self.view.scope.module) {
            Some((mut whole, used)) => {
                whole.extend(idents.iter().skip(used).cloned());
                let found = self.sources.locate(&whole, Kind::Other)?;
                (found.used == whole.len()).then_some(found)?
            }
            None if idents.first().is_some_and(|first| first == "crate") => {
                let found = self.sources.locate(&idents, Kind::Other)?;
                (found.used == idents.len()).then_some(found)?
            }
            None => {
                let scope = self.view.scope;
                let found = self.sources.locate_from(scope, &idents, Kind::Other)?;
                (found.used == idents.len()).then_some(found)?
            }
        };
        let Meaning::Item(scope, item) = &found.meaning else {
            return None;
        };
        let syn::Item::Type(alias) = &**item else {
            return None;
        };
        let is_nameable = found.is_nameable
            || self
                .sources
                .public_path(&found.meaning, self.view)
                .is_some();
        if is_nameable && !also_nameable {
            return None;
        }
        let mut target = (*alias.ty).clone();
        if scope.module != self.view.scope.module {
            // Its names mean something where it is declared.
            let module = &scope.module;
            Absolute { module }.visit_type_mut(&mut target);
            let view = View {
                scope,
                caller: self.view.caller,
            };
            let mut names = Mentions::default();
            names.visit_type(&target);
            for param in &alias.generics.params {
                names.remove(param);
            }
            let mut nameable = self.sources.nameable(view);
            nameable.visit_type_mut(&mut target);
            let mut imports = nameable.into_imports();
            imports.add_all(names, view, self.sources);
            Qualify::take(&mut imports).visit_type_mut(&mut target);
            self.imports.merge(imports);
        }
        self.imports.is_written_out = true;
        let last = path.segments.last()?;
        Arguments::of(alias, &last.arguments).visit_type_mut(&mut target);
        let tokens = respanned(target.to_token_stream(), last.ident.span());
        syn::parse2(tokens).ok()
    }
}

impl VisitMut for Expand<'_, '_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        for _ in 0..MOST_ALIASES {
            match self.expanded(ty, false) {
                Some(expanded) => *ty = expanded,
                None => break,
            }
        }
        visit_mut::visit_type_mut(self, ty);
    }
}

/// What an alias's generic parameters are where it is used.
#[derive(Default)]
struct Arguments {
    lifetimes: BTreeMap<String, Lifetime>,
    types: BTreeMap<String, Type>,
    constants: BTreeMap<String, Expr>,
}

impl Arguments {
    fn of(alias: &ItemType, given: &PathArguments) -> Self {
        let mut lifetimes = Vec::new();
        let mut others = Vec::new();
        if let PathArguments::AngleBracketed(given) = given {
            for argument in &given.args {
                match argument {
                    GenericArgument::Lifetime(lifetime) => lifetimes.push(lifetime.clone()),
                    argument => others.push(argument.clone()),
                }
            }
        }
        let (mut lifetimes, mut others) = (lifetimes.into_iter(), others.into_iter());
        let mut arguments = Self::default();
        for param in &alias.generics.params {
            match param {
                GenericParam::Lifetime(param) => {
                    let lifetime = lifetimes.next().unwrap_or_else(|| parse_quote!('_));
                    let name = param.lifetime.ident.to_string();
                    arguments.lifetimes.insert(name, lifetime);
                }
                GenericParam::Type(param) => {
                    let given = match others.next() {
                        Some(GenericArgument::Type(ty)) => Some(ty),
                        _ => param.default.clone().map(|(_, default)| default),
                    };
                    if let Some(mut ty) = given {
                        // A default may have the parameters before it.
                        arguments.visit_type_mut(&mut ty);
                        arguments.types.insert(param.ident.unraw().to_string(), ty);
                    }
                }
                GenericParam::Const(param) => {
                    let given = match others.next() {
                        Some(GenericArgument::Const(value)) => Some(value),
                        Some(GenericArgument::Type(ty)) => syn::parse2(ty.to_token_stream()).ok(),
                        _ => param.default.clone().map(|(_, default)| default),
                    };
                    if let Some(value) = given {
                        let name = param.ident.unraw().to_string();
                        arguments.constants.insert(name, value);
                    }
                }
            }
        }
        arguments
    }
}

impl VisitMut for Arguments {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if let Some(given) = self.lifetimes.get(&lifetime.ident.to_string()) {
            *lifetime = given.clone();
        }
    }

    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::Path(TypePath {
            qself: None, path, ..
        }) = ty
            && let Some(name) = path.get_ident()
        {
            let name = name.unraw().to_string();
            if let Some(given) = self.types.get(&name) {
                *ty = given.clone();
                return;
            }
            // Syntax alone takes a constant's name for a type's.
            if let Some(given) = self.constants.get(&name) {
                *ty = syn::parse2(given.to_token_stream())
                    .unwrap_or_else(|_| Type::Verbatim(given.to_token_stream()));
                return;
            }
        }
        visit_mut::visit_type_mut(self, ty);
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if let Expr::Path(path) = expression
            && let Some(name) = path.path.get_ident()
            && let Some(given) = self.constants.get(&name.unraw().to_string())
        {
            *expression = given.clone();
            return;
        }
        visit_mut::visit_expr_mut(self, expression);
    }
}

/// Gives tokens from elsewhere the place of what they stand for, so that reports point there.
fn respanned(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &mut token {
                let inner = respanned(group.stream(), span);
                *group = proc_macro2::Group::new(group.delimiter(), inner);
            }
            token.set_span(span);
            token
        })
        .collect()
}
