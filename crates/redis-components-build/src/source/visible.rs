use syn::Visibility;

use crate::module_path::ModulePath;
use crate::rewrite::resolve;

/// Tells whether an item of `module` can be used everywhere in the crate.
pub(crate) fn is_visible_from_root(visibility: &Visibility, module: &ModulePath) -> bool {
    match visibility {
        Visibility::Public(_) => true,
        Visibility::Restricted(restricted) => {
            let segments: Vec<_> = restricted
                .path
                .segments
                .iter()
                .map(|s| s.ident.clone())
                .collect();
            match segments.as_slice() {
                [only] if only == "crate" => true,
                [only] if only == "self" => module.is_root(),
                [only] if only == "super" => module.ancestor(1).is_some_and(|m| m.is_root()),
                segments => resolve(segments, module)
                    .is_some_and(|(path, used)| path.len() == 1 && used == segments.len()),
            }
        }
        Visibility::Inherited => module.is_root(),
    }
}

pub(crate) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}
