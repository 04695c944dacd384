//! `use` items, split into their ends.

use proc_macro2::Ident;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Item, ItemUse, Token, UseTree, Visibility, braced, token};

/// One end of a `use` tree.
pub(crate) struct Leaf {
    pub(crate) path: Vec<Ident>,
    /// The name that it declares. For a glob, the name of the last module.
    pub(crate) name: Ident,
    pub(crate) is_renamed: bool,
    pub(crate) is_glob: bool,
}

/// Replaces each `use` item that the parser has not read by items that mean the same. It reads no
/// group in which a path begins with `::`, because only a whole tree can in its nodes.
pub(crate) fn separate(items: &mut Vec<Item>) {
    if items.iter().any(|item| matches!(item, Item::Verbatim(_))) {
        let separated = items.drain(..).flat_map(|item| match separated(&item) {
            Some(uses) => uses.into_iter().map(Item::Use).collect(),
            None => vec![item],
        });
        *items = separated.collect();
    }
    for item in items {
        if let Item::Mod(module) = item
            && let Some((_, items)) = &mut module.content
        {
            separate(items);
        }
    }
}

/// Returns the `use` items that mean the same as one that the parser has not read.
pub(crate) fn separated(item: &Item) -> Option<Vec<ItemUse>> {
    match item {
        Item::Verbatim(tokens) => parse_separated.parse2(tokens.clone()).ok(),
        _ => None,
    }
}

fn parse_separated(input: ParseStream<'_>) -> syn::Result<Vec<ItemUse>> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    let use_token = input.parse()?;
    let mut trees = Vec::new();
    parse_trees(input, &mut trees)?;
    let semi_token = input.parse()?;
    let items = trees.into_iter().map(|(leading_colon, tree)| ItemUse {
        attrs: attrs.clone(),
        vis: vis.clone(),
        use_token,
        leading_colon,
        tree,
        semi_token,
    });
    Ok(items.collect())
}

/// Parses a tree, or the trees of a group, each with the `::` before it.
fn parse_trees(
    input: ParseStream<'_>,
    trees: &mut Vec<(Option<Token![::]>, UseTree)>,
) -> syn::Result<()> {
    let leading_colon: Option<Token![::]> = input.parse()?;
    if leading_colon.is_some() || !input.peek(token::Brace) {
        trees.push((leading_colon, input.parse()?));
        return Ok(());
    }
    let group;
    braced!(group in input);
    while !group.is_empty() {
        parse_trees(&group, trees)?;
        if !group.is_empty() {
            group.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

/// Splits a `use` item into its ends.
pub(crate) fn leaves(item: &ItemUse) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    walk(&item.tree, &mut Vec::new(), &mut leaves);
    leaves
}

fn walk(tree: &UseTree, prefix: &mut Vec<Ident>, leaves: &mut Vec<Leaf>) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.clone());
            walk(&path.tree, prefix, leaves);
            prefix.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                walk(tree, prefix, leaves);
            }
        }
        UseTree::Name(name) => {
            let mut path = prefix.clone();
            if name.ident != "self" {
                path.push(name.ident.clone());
            }
            if let Some(name) = path.last().cloned() {
                leaves.push(Leaf {
                    path,
                    name,
                    is_renamed: false,
                    is_glob: false,
                });
            }
        }
        UseTree::Rename(rename) => {
            let mut path = prefix.clone();
            // `as _` brings in only methods, and a signature calls none.
            if rename.rename == "_" {
                return;
            }
            if rename.ident != "self" {
                path.push(rename.ident.clone());
            }
            // `use ::{self as name}` parses, but rustc refuses it.
            if !path.is_empty() {
                leaves.push(Leaf {
                    path,
                    name: rename.rename.clone(),
                    is_renamed: true,
                    is_glob: false,
                });
            }
        }
        UseTree::Glob(_) => {
            if let Some(name) = prefix.last().cloned() {
                leaves.push(Leaf {
                    path: prefix.clone(),
                    name,
                    is_renamed: false,
                    is_glob: true,
                });
            }
        }
    }
}

/// Returns the first and the second name of every path in a `use` item, `as _` included.
pub(crate) fn beginnings(item: &ItemUse) -> Vec<(&Ident, Option<&Ident>)> {
    let mut found = Vec::new();
    begin(&item.tree, None, &mut found);
    found
}

fn begin<'a>(
    tree: &'a UseTree,
    first: Option<&'a Ident>,
    found: &mut Vec<(&'a Ident, Option<&'a Ident>)>,
) {
    let ident = match tree {
        UseTree::Path(path) if first.is_none() => {
            return begin(&path.tree, Some(&path.ident), found);
        }
        UseTree::Group(group) => {
            return group
                .items
                .iter()
                .for_each(|tree| begin(tree, first, found));
        }
        UseTree::Path(path) => Some(&path.ident),
        UseTree::Name(name) => Some(&name.ident),
        UseTree::Rename(rename) => Some(&rename.ident),
        UseTree::Glob(_) => None,
    };
    let mut names = first.into_iter().chain(ident);
    found.extend(names.next().map(|first| (first, names.next())));
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::{beginnings, leaves, separate};

    #[test]
    fn every_end_of_a_tree_has_its_name() {
        let item = syn::parse_quote!(
            use a::{
                self as b,
                c::{self, d},
                e as f, g as _,
                h::*,
            };
        );
        let names: Vec<String> = leaves(&item)
            .iter()
            .map(|leaf| leaf.name.to_string())
            .collect();
        assert_eq!(names, ["b", "c", "d", "f", "h"]);
    }

    #[test]
    fn every_path_of_a_tree_has_its_beginning() {
        let item = syn::parse_quote!(
            use {
                a,
                b::{
                    self,
                    c::{d, e::f},
                    g as _,
                    h::*,
                },
                i::*,
                j as _,
            };
        );
        let beginnings: Vec<String> = beginnings(&item)
            .iter()
            .map(|(first, second)| match second {
                Some(second) => format!("{first}::{second}"),
                None => first.to_string(),
            })
            .collect();
        let expected = ["a", "b::self", "b::c", "b::g", "b::h", "i", "j"];
        assert_eq!(beginnings, expected);
    }

    #[test]
    fn a_tree_without_a_path_has_no_end() {
        let item = syn::parse_quote!(
            use ::{self as name};
        );
        assert!(leaves(&item).is_empty());
    }

    #[test]
    fn b2_a_path_of_a_group_may_begin_at_the_crates() {
        let text =
            "#[x] pub use {::a::b, c, {::{d, e as f}, g::{h, i as _}}, ::*}; mod m { use {::j}; }
            static S: u8; use ::k;";
        let mut items = syn::parse_file(text).unwrap().items;
        separate(&mut items);
        let uses: Vec<String> = items
            .iter()
            .map(|item| item.to_token_stream().to_string().replace(' ', ""))
            .collect();
        assert_eq!(
            uses,
            [
                "#[x]pubuse::a::b;",
                "#[x]pubusec;",
                "#[x]pubuse::{d,easf};",
                "#[x]pubuseg::{h,ias_};",
                "#[x]pubuse::*;",
                "modm{use::j;}",
                "staticS:u8;",
                "use::k;",
            ]
        );
    }
}
