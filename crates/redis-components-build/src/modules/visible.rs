use proc_macro2::Ident;
use syn::Visibility;

use crate::module_path::ModulePath;
use crate::rewrite::resolve;
use crate::source::file::Source;
use crate::source::index::key;
use crate::source::items::declared;

/// Returns `true` if an item of `module` can be used everywhere in the crate.
pub(crate) fn is_visible_from_root(visibility: &Visibility, module: &ModulePath) -> bool {
    is_visible_from(visibility, module, &ModulePath::root())
}

/// Returns `true` if an item of `module` can be used in the module `viewer`.
pub(crate) fn is_visible_from(
    visibility: &Visibility,
    module: &ModulePath,
    viewer: &ModulePath,
) -> bool {
    let inside = match visibility {
        Visibility::Public(_) => return true,
        Visibility::Restricted(restricted) => {
            let segments: Vec<_> = restricted
                .path
                .segments
                .iter()
                .map(|s| s.ident.clone())
                .collect();
            match segments.as_slice() {
                [only] if only == "crate" => return true,
                [only] if only == "self" => Some(module.clone()),
                [only] if only == "super" => module.ancestor(1),
                segments => resolve(segments, module).and_then(|(mut path, used)| {
                    path.extend(segments[used..].iter().cloned());
                    ModulePath::of_idents(&path)
                }),
            }
        }
        Visibility::Inherited => Some(module.clone()),
    };
    inside.is_some_and(|inside| viewer.below(&inside).is_some())
}

pub(crate) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Returns `true` if another module can see one of a module's items with a name, or if the module
/// has none.
pub(crate) fn may_see(
    name: &Ident,
    source: &Source,
    module: &ModulePath,
    viewer: &ModulePath,
) -> bool {
    let name = key(name);
    let imported = source.importing(&name).map(|(item, _)| &item.vis);
    let declared = source.declaring(&name).filter_map(declared);
    let mut visibilities = imported.chain(declared.map(|(_, _, visibility)| visibility));
    let mut is_there = false;
    let is_visible = visibilities.any(|visibility| {
        is_there = true;
        is_visible_from(visibility, module, viewer)
    });
    is_visible || !is_there
}
