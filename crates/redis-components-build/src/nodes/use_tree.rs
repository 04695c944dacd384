use proc_macro2::Ident;
use syn::{UseGlob, UseName, UsePath, UseRename, UseTree};

/// `path`, `path as rename` or `path::*`. `None` if the path is empty.
pub(crate) fn use_tree(path: &[Ident], rename: Option<&Ident>, is_glob: bool) -> Option<UseTree> {
    let (last, before) = path.split_last()?;
    let ident = last.clone();
    let end = match rename {
        Some(rename) => UseTree::Rename(UseRename {
            ident,
            as_token: Default::default(),
            rename: rename.clone(),
        }),
        None if is_glob => {
            let all = UseTree::Glob(UseGlob {
                star_token: Default::default(),
            });
            below(ident, all)
        }
        None => UseTree::Name(UseName { ident }),
    };
    Some(
        before
            .iter()
            .rev()
            .fold(end, |tree, ident| below(ident.clone(), tree)),
    )
}

fn below(ident: Ident, tree: UseTree) -> UseTree {
    UseTree::Path(UsePath {
        ident,
        colon2_token: Default::default(),
        tree: Box::new(tree),
    })
}
