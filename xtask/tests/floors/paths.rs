//! The paths in a file that lead to other files of its crate.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// A file, as a module of its crate.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// The module's path from the crate's root.
    pub(crate) module: Vec<String>,
    pub(crate) mentions: Vec<Mention>,
    /// The names that the module imports, each with its path from the crate's root, or none if it
    /// is from another crate.
    pub(crate) imports: BTreeMap<String, Option<Vec<String>>>,
    /// The modules that are tests, and in other files.
    pub(crate) tests: Vec<Vec<String>>,
    children: Vec<String>,
}

/// A path within the crate.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) line: usize,
    /// As it is written.
    pub(crate) text: String,
    /// From the crate's root.
    pub(crate) path: Vec<String>,
    /// How much of the path stands for a name that the file imports.
    pub(crate) imported: usize,
}

impl File {
    /// Parses a file that is a module of its crate.
    pub(crate) fn parse(module: Vec<String>, text: &str) -> Result<Self, String> {
        let at = |error: &syn::Error| format!("line {}: {error}", error.span().start().line);
        let items = syn::parse_file(text).map_err(|error| at(&error))?.items;
        let mut reader = Reader {
            current: module.clone(),
            file: Self {
                module,
                ..Self::default()
            },
            error: None,
        };
        // The names first, because paths may begin with one.
        for item in &items {
            reader.declare(item);
        }
        for item in &items {
            reader.visit_item(item);
        }
        match reader.error {
            Some(error) => Err(at(&error)),
            None => Ok(reader.file),
        }
    }
}

/// Returns the path of a module in a module.
pub(crate) fn in_module(module: &[String], name: &str) -> Vec<String> {
    let mut path = module.to_vec();
    path.push(name.to_owned());
    path
}

struct Reader {
    file: File,
    /// The module that is read: the file's, or one written in it.
    current: Vec<String>,
    error: Option<syn::Error>,
}

impl Reader {
    fn declare(&mut self, item: &Item) {
        match item {
            Item::Mod(child) if child.content.is_none() => {
                let name = child.ident.to_string();
                if let Some(attribute) = child.attrs.iter().find(|attribute| is_moved(attribute)) {
                    self.refuse(
                        attribute,
                        "a file where its module's name does not say: move it there",
                    );
                }
                if is_for_tests(&child.attrs) {
                    self.file.tests.push(in_module(&self.current, &name));
                } else {
                    self.file.children.push(name);
                }
            }
            Item::Use(item) if !is_for_tests(&item.attrs) => {
                for (name, words) in self.leaves(&item.tree) {
                    let path = self.resolve(&words);
                    self.file.imports.insert(name, path);
                }
            }
            _ => {}
        }
    }

    /// Returns the names that a `use` brings in, each with its path as it is written.
    fn leaves(&mut self, tree: &UseTree) -> Vec<(String, Vec<Ident>)> {
        let mut leaves = Vec::new();
        self.collect(tree, &[], &mut leaves);
        leaves
    }

    fn collect(&mut self, tree: &UseTree, above: &[Ident], leaves: &mut Vec<(String, Vec<Ident>)>) {
        let below = |name: &Ident| {
            let mut path = above.to_vec();
            if above.is_empty() || name != "self" {
                path.push(name.clone());
            }
            path
        };
        match tree {
            UseTree::Path(path) => self.collect(&path.tree, &below(&path.ident), leaves),
            UseTree::Name(name) => {
                let path = below(&name.ident);
                let name = path.last().map(ToString::to_string);
                leaves.push((name.unwrap_or_default(), path));
            }
            UseTree::Rename(rename) => {
                leaves.push((rename.rename.to_string(), below(&rename.ident)));
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.collect(tree, above, leaves);
                }
            }
            UseTree::Glob(glob) => {
                if self.resolve(above).is_some() {
                    self.refuse(glob, "`*` hides what is imported: name it");
                }
            }
        }
    }

    /// Returns the path from the crate's root, or none if it leads to another crate or to a name of
    /// this file.
    fn resolve(&self, words: &[Ident]) -> Option<Vec<String>> {
        let (first, mut rest) = words.split_first()?;
        let mut path = match first.to_string().as_str() {
            "crate" => Vec::new(),
            "self" => self.current.clone(),
            "super" => self.current.split_last()?.1.to_vec(),
            child if self.file.children.iter().any(|name| name == child) && self.is_outermost() => {
                in_module(&self.current, child)
            }
            name => self.file.imports.get(name)?.clone()?,
        };
        while let Some((_, after)) = rest.split_first().filter(|(word, _)| *word == "super") {
            path.pop();
            rest = after;
        }
        path.extend(rest.iter().map(ToString::to_string));
        Some(path)
    }

    fn is_outermost(&self) -> bool {
        self.current == self.file.module
    }

    fn mention(&mut self, words: &[Ident]) {
        if let Some(path) = self.resolve(words) {
            let import = self.file.imports.get(&words[0].to_string());
            let text: Vec<_> = words.iter().map(ToString::to_string).collect();
            self.file.mentions.push(Mention {
                line: words[0].span().start().line,
                text: text.join("::"),
                path,
                imported: import.and_then(Option::as_ref).map_or(0, Vec::len),
            });
        }
    }

    /// Finds paths in the tokens of a macro, which nobody has parsed.
    fn scan(&mut self, tokens: TokenStream) {
        let mut words: Vec<Ident> = Vec::new();
        let (mut colons, mut is_foreign) = (0, false);
        for token in tokens {
            match token {
                TokenTree::Ident(word) if colons == 2 => words.push(word),
                TokenTree::Ident(word) => {
                    self.end(&mut words, is_foreign);
                    words.push(word);
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !words.is_empty() => {
                    colons += 1;
                    continue;
                }
                other => {
                    self.end(&mut words, is_foreign);
                    // `$crate`
                    is_foreign = matches!(&other, TokenTree::Punct(mark) if mark.as_char() == '$');
                    if let TokenTree::Group(group) = other {
                        self.scan(group.stream());
                    }
                    colons = 0;
                    continue;
                }
            }
            colons = 0;
        }
        self.end(&mut words, is_foreign);
    }

    fn end(&mut self, words: &mut Vec<Ident>, is_foreign: bool) {
        if words.len() > 1 && !is_foreign {
            self.mention(words);
        }
        words.clear();
    }

    fn refuse(&mut self, at: &impl Spanned, why: &str) {
        self.error.get_or_insert(syn::Error::new(at.span(), why));
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Const(syn::ItemConst { attrs, .. })
            | Item::Fn(syn::ItemFn { attrs, .. })
            | Item::Impl(syn::ItemImpl { attrs, .. })
            | Item::Mod(syn::ItemMod { attrs, .. })
            | Item::Struct(syn::ItemStruct { attrs, .. })
            | Item::Use(syn::ItemUse { attrs, .. }) => attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.current.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.current.pop();
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for (_, words) in self.leaves(&item.tree) {
            self.mention(&words);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            let words: Vec<_> = path
                .segments
                .iter()
                .map(|word| word.ident.clone())
                .collect();
            self.mention(&words);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        visit::visit_macro(self, item);
        self.scan(item.tokens.clone());
    }

    /// `pub(in crate::a)` imports nothing.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

/// Returns `true` for a path to another file of the crate; a file of another crate is no file of
/// this one.
fn is_moved(attribute: &Attribute) -> bool {
    let path = attribute.path().is_ident("path");
    path && !attribute
        .meta
        .to_token_stream()
        .to_string()
        .contains("\"../")
}

/// Returns `true` if what bears these attributes is there in tests alone.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let mut found = false;
        if attribute.path().is_ident("cfg") {
            // What else may stand in a `cfg` is of no interest, nor whether it parses.
            let _ = attribute.parse_nested_meta(|meta| {
                found |= meta.path.is_ident("test");
                if meta.path.is_ident("all") {
                    return meta.parse_nested_meta(|meta| {
                        found |= meta.path.is_ident("test");
                        Ok(())
                    });
                }
                Ok(())
            });
        }
        found
    })
}
