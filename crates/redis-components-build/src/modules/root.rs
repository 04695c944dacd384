//! The crate's root, where generated modules stand unless they are included elsewhere.

use syn::ext::IdentExt;
use syn::{Item, ItemMod};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::manifest::component::Component;
use crate::module_path::ModulePath;
use crate::modules::sources::Sources;
use crate::source::file::Source;

/// Refuses components with the name of a module at the root, where the generated modules are included
/// at the root, or where it is not known whether they are.
pub(crate) fn check(
    components: &[Component],
    sources: &mut Sources<'_>,
    diagnostics: &mut Diagnostics,
) {
    for component in components {
        let module = ModulePath::root().child(&component.name);
        let is_own = component
            .source
            .as_ref()
            .is_some_and(|source| source.module.as_ref() == Some(&module));
        // Without a file of this name there is no such module, or an inline one, which rustc reports.
        if !is_own && !sources.has_file(&module) {
            continue;
        }
        match sources.root() {
            Some(root) if !includes(&root) => {}
            Some(root) => {
                if let Some(item) = declaration(&root, &component.name) {
                    let place = root.spot(item.ident.span());
                    diagnostics.error(same_name(component).context(&place, "and so has this one"));
                }
            }
            None if is_own => diagnostics.error(same_name(component)),
            None => {}
        }
    }
}

fn same_name(component: &Component) -> Diagnostic {
    let name = &component.name;
    let message = format!("the component `{name}` has the name of the module `crate::{name}`");
    Diagnostic::error(message, &component.spot, "the generated module has this name").help(format!(
        "rename the component, or move the functions, for example to `src/functions/{name}.rs`, or include the generated modules inside of a module"
    ))
}

/// Tells whether generated modules are included at the top of a file.
fn includes(source: &Source) -> bool {
    source.items.iter().any(|item| match item {
        Item::Macro(call) => call
            .mac
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "include_components" || last.ident == "include"),
        _ => false,
    })
}

fn declaration<'a>(source: &'a Source, name: &str) -> Option<&'a ItemMod> {
    source.items.iter().find_map(|item| match item {
        Item::Mod(item) if item.ident.unraw() == name => Some(item),
        _ => None,
    })
}
