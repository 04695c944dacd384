use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{ImplItem, Item, ItemFn};

use super::items::{declared, has_macro_calls};
use super::use_tree::leaves;
use super::{Source, is_visible_from_root};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::manifest::{Function, SourcePath};
use crate::nearest::nearest;

/// Finds a listed function: more than one where `cfg` chooses between them, none where there is a
/// problem, which is reported.
pub(crate) fn find<'a>(
    function: &Function,
    path: &SourcePath,
    source: &'a Source,
    diagnostics: &mut Diagnostics,
) -> Vec<&'a ItemFn> {
    let found: Vec<&ItemFn> = functions(&source.items)
        .filter(|item| item.sig.ident.unraw() == function.name)
        .collect();
    if found.is_empty() {
        diagnostics.error(not_found(function, path, source));
        return found;
    }
    let hidden = found
        .iter()
        .find(|item| !is_visible_from_root(&item.vis, &path.module));
    if let Some(item) = hidden {
        diagnostics.error(private(function, item, source));
        return Vec::new();
    }
    found
}

fn functions(items: &[Item]) -> impl Iterator<Item = &ItemFn> {
    items.iter().filter_map(|item| match item {
        Item::Fn(item) => Some(item),
        _ => None,
    })
}

fn private(function: &Function, item: &ItemFn, source: &Source) -> Diagnostic {
    let name = &function.name;
    let message = format!("the function `{name}` is private");
    Diagnostic::error(
        message,
        &function.spot,
        "cannot be called from the generated module",
    )
    .help_at(
        "make it `pub` or `pub(crate)`",
        &source.spot(item.sig.ident.span()),
    )
}

/// Says why there is no such function, with the likeliest reason that the file shows.
fn not_found(function: &Function, path: &SourcePath, source: &Source) -> Diagnostic {
    let name = &function.name;
    let file = &source.file.path;
    let message = format!("cannot find function `{name}` in `{file}`");
    let mut error = Diagnostic::error(message, &function.spot, "not found");
    if !path.is_default {
        error = error.context(&path.spot, "searched in this file");
    }
    if let Some(inside) = inside(name, &source.items) {
        return error
            .help_at(
                format!("there is one inside of {}", inside.place),
                &source.spot(inside.ident.span()),
            )
            .note("only free functions at the top of a file can be listed");
    }
    for item in &source.items {
        if let Some((kind, ident, _)) = declared(item)
            && ident.unraw() == *name
        {
            return error.help_at(
                format!("`{name}` is {kind}, not a function"),
                &source.spot(ident.span()),
            );
        }
        if let Item::Use(item) = item
            && let Some(leaf) = leaves(item).iter().find(|leaf| leaf.name.unraw() == *name)
        {
            return error.help_at(
                format!("`{name}` is imported here: list it with the file that defines it"),
                &source.spot(leaf.name.span()),
            );
        }
    }
    let names: Vec<String> = functions(&source.items)
        .map(|item| item.sig.ident.unraw().to_string())
        .collect();
    if let Some(similar) = nearest(name, names.iter().map(String::as_str)) {
        let item = functions(&source.items).find(|item| item.sig.ident.unraw() == similar);
        if let Some(item) = item {
            return error.help_at(
                "a function with a similar name exists",
                &source.spot(item.sig.ident.span()),
            );
        }
    }
    if has_macro_calls(&source.items) {
        return error.note("functions that a macro defines cannot be seen here");
    }
    error.help(format!(
        "define `pub async fn {name}(conn: &mut Connection, …)` there, or remove the name here"
    ))
}

struct Inside<'a> {
    place: &'static str,
    ident: &'a Ident,
}

/// Looks for a function of this name where it cannot be listed from.
fn inside<'a>(name: &str, items: &'a [Item]) -> Option<Inside<'a>> {
    items.iter().find_map(|item| match item {
        Item::Impl(block) => block.items.iter().find_map(|item| match item {
            ImplItem::Fn(method) if method.sig.ident.unraw() == name => Some(Inside {
                place: "an `impl`",
                ident: &method.sig.ident,
            }),
            _ => None,
        }),
        Item::Mod(module) => {
            let (_, items) = module.content.as_ref()?;
            let direct = functions(items).find(|item| item.sig.ident.unraw() == name);
            match direct {
                Some(item) => Some(Inside {
                    place: "an inline module",
                    ident: &item.sig.ident,
                }),
                None => inside(name, items),
            }
        }
        _ => None,
    })
}
