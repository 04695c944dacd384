//! The crate's root, where generated modules stand unless they are included elsewhere.

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::manifest::component::Component;
use crate::module_path::ModulePath;
use crate::modules::include::place_of_include;
use crate::modules::sources::Sources;

/// Refuses components with the name of a module at the root, if the generated modules are included at
/// the root, or if it is not known whether they are.
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
            Some(root) => {
                let is_at_root =
                    place_of_include(&root.source.items).is_some_and(|names| names.is_empty());
                if is_at_root && let Some(item) = root.declarations(&component.name).next() {
                    let place = root.source.spot(item.ident.span());
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
