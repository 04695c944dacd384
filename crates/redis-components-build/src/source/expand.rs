//! Type aliases, seen through.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, GenericArgument, GenericParam, Generics, Item, ItemType, Lifetime,
    ParenthesizedGenericArguments, PathArguments, Stmt, Type, TypeFnPtr, TypePath, parse_quote,
};

use super::import::Import;
use super::imports::Imports;
use super::lookup::{Kind, Located, Meaning};
use super::nameable::replace;
use super::public::View;
use super::{Mentions, Qualify, Sources};
use crate::rewrite::{Absolute, resolve};

/// Aliases of aliases are followed so far: a cycle is rustc's to report.
pub(super) const MOST_ALIASES: usize = 16;

/// Writes out the aliases that the crate's root cannot name.
pub(crate) struct Expand<'a, 'b> {
    pub(super) view: View<'a>,
    pub(super) sources: &'a mut Sources<'b>,
    /// The function's own, which hide types of the same name.
    pub(super) generics: &'a Generics,
    pub(super) imports: Imports,
    /// How many aliases of aliases in other modules are still followed.
    pub(super) depth: usize,
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

    /// Puts the whole path of what another crate has where a type, or what it refers to, is an import of it.
    pub(crate) fn name_outer(&mut self, ty: &mut Type) {
        if let Some(found) = self.found(ty)
            && let Type::Path(path) = ty
            && let Meaning::Outside(mut outer, _) = found.meaning
        {
            let span = path.path.segments.last().map(|last| last.ident.span());
            let span = span.unwrap_or_else(Span::call_site);
            outer.iter_mut().for_each(|ident| ident.set_span(span));
            replace(&mut path.path, found.used, &Import::of_path(outer));
            let colon = path.path.leading_colon.is_some();
            path.path.leading_colon = colon.then(|| syn::Token![::](span));
        }
        match ty {
            Type::Reference(ty) => self.name_outer(&mut ty.elem),
            Type::Paren(ty) => self.name_outer(&mut ty.elem),
            Type::Group(ty) => self.name_outer(&mut ty.elem),
            _ => {}
        }
    }

    /// Finds what a type's path stands for.
    fn found(&mut self, ty: &Type) -> Option<Located> {
        let Type::Path(TypePath {
            qself: None, path, ..
        }) = ty
        else {
            return None;
        };
        let mut idents: Vec<Ident> = path.segments.iter().map(|s| s.ident.clone()).collect();
        let mut params = self.generics.type_params().map(|param| &param.ident);
        if path.leading_colon.is_some() || params.any(|param| idents.first() == Some(param)) {
            return None;
        }
        let scope = self.view.scope;
        if let Some((mut whole, used)) = resolve(&idents, &scope.module) {
            whole.extend(idents.into_iter().skip(used));
            idents = whole;
        }
        let found = if idents.first().is_some_and(|first| first == "crate") {
            self.sources.locate(&idents, Kind::Other)?
        } else {
            self.sources.locate_from(scope, &idents, Kind::Other)?
        };
        (found.used == idents.len()).then(|| Located {
            used: path.segments.len(),
            ..found
        })
    }

    fn expanded(&mut self, ty: &Type, also_nameable: bool) -> Option<Type> {
        let found = self.found(ty)?;
        let Meaning::Item(scope, item) = &found.meaning else {
            return None;
        };
        let Item::Type(alias) = &**item else {
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
            let mut inner = Expand {
                view,
                sources: self.sources,
                generics: &alias.generics,
                imports: Imports::default(),
                depth: self.depth.checked_sub(1)?,
            };
            inner.visit_type_mut(&mut target);
            let mut inner = inner.imports;
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
            inner.merge(imports);
            self.imports.merge(inner);
        }
        let Type::Path(path) = ty else {
            return None;
        };
        let last = path.path.segments.last()?;
        let mut arguments = Arguments::of(alias, &last.arguments);
        arguments.visit_type_mut(&mut target);
        if arguments.loses_lifetime {
            // It stays, and is reported as what cannot be named.
            return None;
        }
        self.imports.is_written_out = true;
        let tokens = match &target {
            // A reference to it would be one to its first bound.
            Type::TraitObject(object) if object.bounds.len() > 1 => quote!((#target)),
            target => target.to_token_stream(),
        };
        syn::parse2(respanned(tokens, last.ident.span())).ok()
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
    /// How many function types surround what is visited: there, `'_` is something else.
    functions: usize,
    /// Whether a lifetime without a name stands in a function type.
    loses_lifetime: bool,
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
            self.loses_lifetime |= self.functions > 0 && given.ident == "_";
            *lifetime = given.clone();
        }
    }

    fn visit_type_fn_ptr_mut(&mut self, function: &mut TypeFnPtr) {
        self.functions += 1;
        visit_mut::visit_type_fn_ptr_mut(self, function);
        self.functions -= 1;
    }

    fn visit_parenthesized_generic_arguments_mut(
        &mut self,
        arguments: &mut ParenthesizedGenericArguments,
    ) {
        self.functions += 1;
        visit_mut::visit_parenthesized_generic_arguments_mut(self, arguments);
        self.functions -= 1;
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
        if let Some(name) = only_name(expression)
            && let Some(given) = self.constants.get(&name.unraw().to_string())
        {
            *expression = given.clone();
            return;
        }
        visit_mut::visit_expr_mut(self, expression);
    }
}

/// Returns the name that an expression is, also in braces.
fn only_name(expression: &Expr) -> Option<&Ident> {
    match expression {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [Stmt::Expr(inner, None)] => only_name(inner),
            _ => None,
        },
        _ => None,
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
