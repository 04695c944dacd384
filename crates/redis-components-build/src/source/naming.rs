//! The places at which code names a crate, or a type or trait of the prelude.
//!
//! Function bodies count too, so the text is parsed anew. That happens only for a component whose
//! name is that of a crate or type, and only if the text has the name.

use std::ops::Range;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprStruct, Item, ItemImpl, ItemMacro, ItemMod, ItemUse, Macro, Meta,
    PatStruct, Path, Token, TraitBound, TypePath,
};

use crate::diagnostics::file::Spot;
use crate::source::file::Source;
use crate::source::nesting::too_deep;
use crate::source::tokens::{is_in_path, is_mark, is_path};
use crate::source::use_tree::{beginnings, separated};

/// The meaning of a name without the module that would take it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Only longer paths begin with it: `redis::cmd`.
    Crate,
    /// A path may end with it: `Vec<u8>`.
    Type,
    /// Only imports begin with it: `use u8 as byte`.
    Import,
}

/// A name that a module would take, and its meaning until then.
#[derive(Clone, Copy)]
pub(crate) struct Taken<'a> {
    pub(crate) name: &'a str,
    pub(crate) meaning: Meaning,
    /// The names in that module. A path to one of them is meant for the module.
    pub(crate) inside: &'a [&'a str],
}

/// Returns the first place at which a path of a module's own items begins with the name. Names of
/// values and macros are others, even if they are spelt alike.
pub(crate) fn first(taken: Taken<'_>, source: &Source) -> Option<Spot> {
    let items = source.items.iter();
    let own = items.filter(|item| !matches!(item, Item::Mod(_)));
    own.map(|item| source.spot(item.span()).range)
        .find_map(|range| {
            let text = &source.file.text[range.clone()];
            let found = text.contains(taken.name).then(|| first_in(taken, text))??;
            let place = range.start + found.start..range.start + found.end;
            Some(source.file.spot(place))
        })
}

fn first_in(taken: Taken<'_>, text: &str) -> Option<Range<usize>> {
    if too_deep(text).is_some() {
        return None;
    }
    let mut finder = Finder { taken, found: None };
    // Rustc reports what does not parse.
    finder.visit_item(&syn::parse_str(text).ok()?);
    finder.found.map(|span| span.byte_range())
}

struct Finder<'a> {
    taken: Taken<'a>,
    found: Option<Span>,
}

impl Finder<'_> {
    fn is_name(&self, ident: &Ident) -> bool {
        ident.unraw() == self.taken.name
    }

    fn is_inside(&self, ident: &Ident) -> bool {
        let ident = ident.unraw();
        self.taken.inside.iter().any(|name| ident == name)
    }

    fn find(&mut self, ident: &Ident) {
        self.found = self.found.or(Some(ident.span()));
    }

    /// Looks at a path that names a type or trait.
    fn type_or_trait(&mut self, path: &Path) {
        let mut segments = path.segments.iter();
        if self.taken.meaning == Meaning::Type
            && path.leading_colon.is_none()
            && let (Some(only), None) = (segments.next(), segments.next())
            && self.is_name(&only.ident)
        {
            self.find(&only.ident);
        }
    }

    fn import(&mut self, item: &ItemUse) {
        let mut beginnings = beginnings(item).into_iter();
        let first = beginnings.find(|(first, second)| {
            self.is_name(first) && !second.is_some_and(|second| self.is_inside(second))
        });
        if let Some((first, _)) = first.filter(|_| item.leading_colon.is_none()) {
            self.find(first);
        }
    }

    /// Looks at tokens of which only their macro knows what they are.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (place, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(ident) if self.is_name(ident) => {
                    let after = &tokens[place + 1..];
                    if !is_in_path(&tokens[..place]) && self.may_begin_here(after) {
                        self.find(ident);
                    }
                }
                _ => {}
            }
        }
    }

    /// Returns `true` unless the tokens after a name show that it is no path of this meaning.
    fn may_begin_here(&self, after: &[TokenTree]) -> bool {
        if let [_, _, TokenTree::Ident(second), ..] = after
            && is_path(after)
            && self.is_inside(second)
        {
            return false;
        }
        let is_other = [':', '.', '!'];
        match self.taken.meaning {
            Meaning::Crate => is_path(after),
            Meaning::Type => {
                is_path(after) || !is_other.iter().any(|mark| is_mark(after.first(), *mark))
            }
            Meaning::Import => false,
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_path(&mut self, path: &'ast Path) {
        let mut segments = path.segments.iter();
        if self.taken.meaning != Meaning::Import
            && path.leading_colon.is_none()
            && let (Some(first), Some(second)) = (segments.next(), segments.next())
            && self.is_name(&first.ident)
            && !self.is_inside(&second.ident)
        {
            self.find(&first.ident);
        }
        visit::visit_path(self, path);
    }

    fn visit_type_path(&mut self, path: &'ast TypePath) {
        if path.qself.is_none() {
            self.type_or_trait(&path.path);
        }
        visit::visit_type_path(self, path);
    }

    fn visit_trait_bound(&mut self, bound: &'ast TraitBound) {
        self.type_or_trait(&bound.path);
        visit::visit_trait_bound(self, bound);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if let Some((path, _)) = &item.trait_ {
            self.type_or_trait(path);
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_expr_struct(&mut self, value: &'ast ExprStruct) {
        self.type_or_trait(&value.path);
        visit::visit_expr_struct(self, value);
    }

    fn visit_pat_struct(&mut self, pattern: &'ast PatStruct) {
        self.type_or_trait(&pattern.path);
        visit::visit_pat_struct(self, pattern);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        match separated(item) {
            Some(uses) => uses.iter().for_each(|item| self.import(item)),
            None => visit::visit_item(self, item),
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(item);
    }

    /// A module in a function body has names of its own.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        self.visit_path(attribute.path());
        let Meta::List(list) = &attribute.meta else {
            return;
        };
        // Only longer paths begin in the same name space as modules.
        let meaning = self.taken.meaning;
        if meaning == Meaning::Type {
            self.taken.meaning = Meaning::Crate;
        }
        self.tokens(list.tokens.clone());
        self.taken.meaning = meaning;
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        if item.ident.is_some() {
            self.tokens(item.mac.tokens.clone());
        } else {
            visit::visit_item_macro(self, item);
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        let values = Punctuated::<Expr, Token![,]>::parse_terminated;
        if is_of_values(&call.path)
            && let Ok(values) = values.parse2(call.tokens.clone())
        {
            for value in &values {
                Visit::visit_expr(self, value);
            }
        } else {
            self.tokens(call.tokens.clone());
        }
    }
}

/// The macros of the standard library whose arguments are values.
const OF_VALUES: [&str; 17] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "format",
    "format_args",
    "panic",
    "print",
    "println",
    "vec",
    "write",
    "writeln",
];

fn is_of_values(path: &Path) -> bool {
    let last = path.segments.last();
    last.is_some_and(|last| OF_VALUES.iter().any(|name| last.ident == name))
}

#[cfg(test)]
mod tests;
