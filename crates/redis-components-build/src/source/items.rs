use proc_macro2::Ident;
use syn::{Item, ItemFn, LitStr, Visibility};

/// Returns an item's kind as messages call it, its name, and its visibility.
pub(crate) fn declared(item: &Item) -> Option<(&'static str, &Ident, &Visibility)> {
    Some(match item {
        Item::Const(item) => ("a constant", &item.ident, &item.vis),
        Item::Enum(item) => ("an enum", &item.ident, &item.vis),
        Item::Fn(item) => ("a function", &item.sig.ident, &item.vis),
        Item::Mod(item) => ("a module", &item.ident, &item.vis),
        Item::Static(item) => ("a static", &item.ident, &item.vis),
        Item::Struct(item) => ("a struct", &item.ident, &item.vis),
        Item::Trait(item) => ("a trait", &item.ident, &item.vis),
        Item::TraitAlias(item) => ("a trait alias", &item.ident, &item.vis),
        Item::Type(item) => ("a type alias", &item.ident, &item.vis),
        Item::Union(item) => ("a union", &item.ident, &item.vis),
        _ => return None,
    })
}

/// Returns `true` if an item is a value. A path to a type never begins with a value.
pub(crate) fn is_value(item: &Item) -> bool {
    matches!(item, Item::Const(_) | Item::Fn(_) | Item::Static(_))
}

/// Returns the paths that a module includes as text, as written.
pub(crate) fn included_files(items: &[Item]) -> impl Iterator<Item = String> {
    items.iter().filter_map(|item| match item {
        Item::Macro(call) if call.mac.path.is_ident("include") => {
            Some(call.mac.parse_body::<LitStr>().ok()?.value())
        }
        _ => None,
    })
}

/// Returns `true` if the file calls macros that may declare items.
pub(crate) fn has_macro_calls(items: &[Item]) -> bool {
    items.iter().any(|item| match item {
        Item::Macro(call) if call.ident.is_none() => {
            let name = call.mac.path.segments.last().map(|last| &last.ident);
            name.is_none_or(|name| name != "include_components" && name != "thread_local")
        }
        _ => false,
    })
}

/// Returns the item if it is a free function.
pub(crate) fn free_function(item: &Item) -> Option<&ItemFn> {
    match item {
        Item::Fn(item) => Some(item),
        _ => None,
    }
}
