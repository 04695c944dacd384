//! Type aliases, replaced by their types.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Generics, Item, Type, TypePath};

use crate::carry::alias::Arguments;
use crate::carry::choices::Choices;
use crate::carry::import::Import;
use crate::carry::imports::Imports;
use crate::carry::mentions::Mentions;
use crate::carry::nameable::replace;
use crate::carry::qualify::Qualify;
use crate::resolve::meaning::{Kind, Located, Meaning};
use crate::resolve::public::View;
use crate::resolve::resolver::Resolver;
use crate::rewrite::Absolute;
use crate::source::conditions::may_hold;

/// Writes out the aliases that the crate's root cannot name.
pub(crate) struct Expand<'a, 'b> {
    pub(crate) view: View<'a>,
    pub(crate) resolver: &'a mut Resolver<'b>,
    pub(crate) choices: &'a mut Choices,
    /// The function's own parameters, which hide types with the same name.
    pub(crate) generics: &'a Generics,
    pub(crate) imports: Imports,
    /// The aliases that are being written out. Rustc reports an alias inside of itself.
    pub(crate) open: Vec<String>,
}

impl Expand<'_, '_> {
    /// Replaces a type, or the type behind a reference, by its alias's type, until it is no alias.
    pub(crate) fn see_through(&mut self, ty: &mut Type) {
        let mut seen = BTreeSet::new();
        while let Some((path, expanded)) = self.expanded(ty, true) {
            // Rustc reports an alias inside of itself.
            if !seen.insert(path) {
                break;
            }
            *ty = expanded;
        }
        match ty {
            Type::Reference(ty) => self.see_through(&mut ty.elem),
            Type::Paren(ty) => self.see_through(&mut ty.elem),
            Type::Group(ty) => self.see_through(&mut ty.elem),
            _ => {}
        }
    }

    /// Writes the whole path if a type, or the type behind a reference, is imported from another
    /// crate.
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

    /// Finds the item that a type's path stands for. Of several declarations, it takes this
    /// variant's.
    fn found(&mut self, ty: &Type) -> Option<Located> {
        let Type::Path(TypePath {
            qself: None, path, ..
        }) = ty
        else {
            return None;
        };
        let first = path.segments.first()?;
        let mut params = self.generics.type_params();
        if params.any(|param| param.ident == first.ident) {
            return None;
        }
        let scope = self.view.scope;
        let mut found = self.resolver.locate_path(scope, path, Kind::Other);
        if found.len() > 1 {
            let conditions: Vec<Attribute> = self.conditions();
            found.retain(|found| may_hold(conditions.iter().chain(&found.cfg)));
        }
        let is_alias = |found: &Located| match &found.meaning {
            Meaning::Item(_, item) => matches!(**item, Item::Type(_)),
            _ => false,
        };
        if found.len() < 2 || !found.iter().any(is_alias) {
            return found.into_iter().next();
        }
        let names = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        let name = format!("{} {}", scope.id, names.collect::<Vec<_>>().join("::"));
        let conditions: Vec<Vec<Attribute>> = found.iter().map(|found| found.cfg.clone()).collect();
        let chosen = self.choices.choose(&name, &conditions);
        Some(found.swap_remove(chosen))
    }

    /// Returns the conditions of the signature and of the choices made for it.
    fn conditions(&self) -> Vec<Attribute> {
        let view = self.view.conditions.iter();
        view.chain(self.choices.conditions()).cloned().collect()
    }

    /// Returns the type behind an alias, and the alias's path.
    fn expanded(&mut self, ty: &Type, also_nameable: bool) -> Option<(String, Type)> {
        let found = self.found(ty)?;
        let Meaning::Item(scope, item) = &found.meaning else {
            return None;
        };
        let Item::Type(alias) = &**item else {
            return None;
        };
        let is_nameable = found.is_nameable
            || self
                .resolver
                .public_path(&found.meaning, self.view)
                .is_some();
        if is_nameable && !also_nameable {
            return None;
        }
        let path = format!("{}::{}", scope.module, alias.ident);
        if self.open.contains(&path) {
            return None;
        }
        let mut target = (*alias.ty).clone();
        if scope.module != self.view.scope.module {
            // The names in the alias have their meaning in the module that declares it.
            let module = &scope.module;
            Absolute { module }.visit_type_mut(&mut target);
            let conditions = self.conditions();
            let view = View {
                scope,
                caller: self.view.caller,
                conditions: &conditions,
            };
            let mut inner = Expand {
                view,
                resolver: self.resolver,
                choices: self.choices,
                generics: &alias.generics,
                imports: Imports::default(),
                open: self.open.iter().chain([&path]).cloned().collect(),
            };
            inner.visit_type_mut(&mut target);
            let mut inner = inner.imports;
            let mut names = Mentions::default();
            names.visit_type(&target);
            for param in &alias.generics.params {
                names.remove(param);
            }
            let mut nameable = self.resolver.nameable(view);
            nameable.visit_type_mut(&mut target);
            let mut imports = nameable.into_imports();
            imports.add_all(names, view, self.resolver);
            Qualify::take(&mut imports).visit_type_mut(&mut target);
            inner.merge(imports);
            self.imports.merge(inner);
        }
        let Type::Path(TypePath { path: written, .. }) = ty else {
            return None;
        };
        let last = written.segments.last()?;
        let mut arguments = Arguments::of(alias, &last.arguments);
        arguments.visit_type_mut(&mut target);
        if arguments.loses_lifetime {
            // The alias stays, and the report says that it cannot be named.
            return None;
        }
        self.imports.is_written_out = true;
        let tokens = match &target {
            // Without parentheses, a reference would apply to the first bound only.
            Type::TraitObject(object) if object.bounds.len() > 1 => quote!((#target)),
            target => target.to_token_stream(),
        };
        let expanded = syn::parse2(respanned(tokens, last.ident.span())).ok()?;
        Some((path, expanded))
    }
}

impl VisitMut for Expand<'_, '_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        // The arguments come first, because they may contain the same alias again.
        visit_mut::visit_type_mut(self, ty);
        if let Some((path, expanded)) = self.expanded(ty, false) {
            *ty = expanded;
            self.open.push(path);
            self.visit_type_mut(ty);
            self.open.pop();
        }
    }
}

/// Gives tokens from elsewhere the span of the tokens that they replace, so that errors point
/// there.
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
