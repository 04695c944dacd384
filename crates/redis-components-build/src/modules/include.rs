//! Where generated modules are included.

use syn::ext::IdentExt;
use syn::{Item, Macro};

/// Returns the names of the inline modules, from these items inwards, that lead to where generated
/// modules are included; `None` if they are not.
pub(crate) fn place_of_include(items: &[Item]) -> Option<Vec<String>> {
    items.iter().find_map(|item| match item {
        Item::Macro(call) => includes(&call.mac).then(Vec::new),
        Item::Mod(module) => {
            let (_, items) = module.content.as_ref()?;
            let mut names = place_of_include(items)?;
            names.insert(0, module.ident.unraw().to_string());
            Some(names)
        }
        _ => None,
    })
}

fn includes(call: &Macro) -> bool {
    let name = call.path.segments.last().map(|last| &last.ident);
    name.is_some_and(|name| name == "include_components" || name == "include")
}
