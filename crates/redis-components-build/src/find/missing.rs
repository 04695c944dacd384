//! The reasons why a listed function cannot be found or called.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{ImplItem, Item, ItemFn, Visibility};

use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::{Spot, quoted};
use crate::find::found::Found;
use crate::manifest::functions::Function;
use crate::manifest::source_path::SourcePath;
use crate::modules::scope::Scope;
use crate::nearest::nearest;
use crate::source::file::Source;
use crate::source::items::{declared, free_function, has_macro_calls, included_files};
use crate::source::use_tree::leaves;

/// Returns the error for a function that may not be called from elsewhere.
pub(crate) fn private(function: &Function, item: &ItemFn, source: &Source) -> Diagnostic {
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

/// Returns the error for a function whose module may not be named from elsewhere.
pub(crate) fn unreachable(path: &SourcePath, scope: &Scope, module: Option<&Spot>) -> Diagnostic {
    let message = format!("the module `{}` is private", scope.module);
    let label = "cannot be named from the generated module";
    let error = Diagnostic::error(message, &path.spot, label);
    match module {
        Some(spot) => error.help_at(
            "make it `pub` or `pub(crate)`, or re-export the functions",
            spot,
        ),
        None => error.help("make it `pub` or `pub(crate)`, or re-export the functions"),
    }
}

/// Returns the error for a name that stands for several functions.
pub(crate) fn ambiguous(function: &Function, one: &Found, other: &Found) -> Diagnostic {
    let name = &function.name;
    let message = format!("there is more than one function `{name}`");
    let place = |found: &Found| found.scope.source.spot(found.item.sig.ident.span());
    Diagnostic::error(message, &function.spot, "which one is not clear")
        .context(&place(one), format!("one in `{}`", one.module))
        .context(&place(other), format!("one in `{}`", other.module))
        .help("name the module with `module = \"crate::…\"`, in a component for each module")
}

/// Returns the error for a function that does not exist, with the likeliest reason that the file
/// shows.
pub(crate) fn not_found(function: &Function, path: &SourcePath, source: &Source) -> Diagnostic {
    let name = &function.name;
    let file = &source.file.path;
    let message = format!("cannot find function `{name}` in `{file}`");
    let mut error = Diagnostic::error(message, &function.spot, "not found");
    if !path.is_default {
        error = error.context(&path.spot, "searched in this file");
    }
    if let Some(inside) = inside(name, &source.items) {
        let spot = source.spot(inside.ident.span());
        let help = format!("there is one inside of {}", inside.place);
        let error = if inside.is_private {
            error
                .help_at(format!("{help}, which is private"), &spot)
                .help("make it and its module `pub` or `pub(crate)`")
        } else {
            error.help_at(help, &spot)
        };
        return error
            .note("only free functions can be listed, in modules that the crate's root can name");
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
            let help = if matches!(item.vis, Visibility::Inherited) {
                "is imported here: re-export it with `pub use`, or list it with the file that defines it"
            } else {
                "is re-exported here from where it cannot be found: list it with the file that defines it, or wrap it in a function"
            };
            return error.help_at(format!("`{name}` {help}"), &source.spot(leaf.name.span()));
        }
    }
    let exports = exports(source);
    if let Some((original, exported)) = exports
        .iter()
        .find(|(original, exported)| original.unraw() == *name && exported.unraw() != *name)
    {
        return error.help_at(
            format!("`{original}` is re-exported under another name: list `{exported}`"),
            &source.spot(exported.span()),
        );
    }
    let functions = source.items.iter().filter_map(free_function);
    let own = functions.map(|item| &item.sig.ident);
    let names: Vec<&Ident> = own.chain(exports.iter().map(|(_, name)| name)).collect();
    let texts: Vec<String> = names.iter().map(|name| name.unraw().to_string()).collect();
    if let Some(similar) = nearest(name, texts.iter().map(String::as_str)) {
        let item = names.iter().find(|name| name.unraw() == similar);
        if let Some(item) = item {
            return error.help_at(
                "a function with a similar name exists",
                &source.spot(item.span()),
            );
        }
    }
    if let Some(path) = included_files(&source.items).next() {
        return error
            .help(format!(
                "if it is in the included {}, name that file with `source`, and this module with `module`",
                quoted(&path)
            ))
            .note("an included file is a source of its own");
    }
    if has_macro_calls(&source.items) {
        return error
            .help("put a free function around what the macro defines, and list that")
            .note("functions that a macro defines cannot be seen here");
    }
    error.help(format!(
        "define `pub async fn {name}(conn: &mut Connection, …)` there, or remove the name here"
    ))
}

/// Returns the names that a file re-exports, each with the name at its definition.
fn exports(source: &Source) -> Vec<(Ident, Ident)> {
    let mut exports = Vec::new();
    for item in &source.items {
        if let Item::Use(item) = item
            && !matches!(item.vis, Visibility::Inherited)
        {
            for leaf in leaves(item).into_iter().filter(|leaf| !leaf.is_glob) {
                exports.extend(leaf.path.last().cloned().map(|last| (last, leaf.name)));
            }
        }
    }
    exports
}

struct Inside<'a> {
    place: &'static str,
    is_private: bool,
    ident: &'a Ident,
}

/// Searches the places whose functions cannot be listed: `impl` blocks and inline modules.
fn inside<'a>(name: &str, items: &'a [Item]) -> Option<Inside<'a>> {
    items.iter().find_map(|item| match item {
        Item::Impl(block) => block.items.iter().find_map(|item| match item {
            ImplItem::Fn(method) if method.sig.ident.unraw() == name => Some(Inside {
                place: "an `impl`",
                is_private: false,
                ident: &method.sig.ident,
            }),
            _ => None,
        }),
        Item::Mod(module) => {
            let (_, items) = module.content.as_ref()?;
            let direct = items.iter().find_map(|item| match item {
                Item::Fn(item) if item.sig.ident.unraw() == name => Some(item),
                _ => None,
            });
            match direct {
                Some(item) => Some(Inside {
                    place: "an inline module",
                    is_private: !is_in_crate(&item.vis),
                    ident: &item.sig.ident,
                }),
                None => inside(name, items),
            }
        }
        _ => None,
    })
}

/// Returns `true` if an item is visible in the whole crate, provided that its module is.
fn is_in_crate(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Public(_) => true,
        Visibility::Restricted(restricted) => restricted.path.is_ident("crate"),
        Visibility::Inherited => false,
    }
}
