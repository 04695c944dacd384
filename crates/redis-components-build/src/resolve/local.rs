//! What a path stands for, as far as its own module tells.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Item, ItemType, Path, Type, TypePath};

use crate::source::file::Source;
use crate::source::index::key;

/// Imports of imports and aliases of aliases are followed so far: a cycle is rustc's to report.
const MOST_STEPS: usize = 16;

impl Source {
    /// Returns the whole path of what a path names, with the module's own imports and aliases
    /// followed, and without generic arguments.
    pub(crate) fn full_path(&self, path: &Path) -> Vec<String> {
        let mut names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.unraw().to_string())
            .collect();
        if path.leading_colon.is_some() {
            return names;
        }
        for _ in 0..MOST_STEPS {
            if names.len() > 1 && names[0] == "self" {
                names.remove(0);
            }
            let Some(mut longer) = self.target(&names) else {
                break;
            };
            longer.extend(names.into_iter().skip(1));
            names = longer;
        }
        names
    }

    /// Finds the type that the module itself declares under a name.
    pub(crate) fn declared_type(&self, name: &Ident) -> Option<&Item> {
        self.items.iter().find(|item| match item {
            Item::Enum(item) => item.ident == *name,
            Item::Struct(item) => item.ident == *name,
            Item::Type(item) => item.ident == *name,
            Item::Union(item) => item.ident == *name,
            _ => false,
        })
    }

    /// Returns what the first of some names is imported from or an alias of.
    fn target(&self, names: &[String]) -> Option<Vec<String>> {
        let first = names.first()?;
        let mut imported = self
            .importing(first)
            .map(|(_, leaf)| leaf.path.iter().map(key).collect())
            .filter(|path: &Vec<String>| path.len() > 1 || path.first() != Some(first));
        let mut declared = self.declaring(first).filter(|_| names.len() == 1);
        imported.next().or_else(|| {
            declared.find_map(|item| match item {
                Item::Type(alias) => aliased(alias),
                _ => None,
            })
        })
    }
}

fn aliased(alias: &ItemType) -> Option<Vec<String>> {
    match &*alias.ty {
        Type::Path(TypePath {
            qself: None, path, ..
        }) => Some(
            path.segments
                .iter()
                .map(|segment| segment.ident.unraw().to_string())
                .collect(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Source;
    use crate::diagnostics::file::TextFile;

    #[test]
    fn imports_and_aliases_are_followed() {
        let text = "use redis::{self, aio as a}; use a::MultiplexedConnection as M; type Conn = M;
            use b::c; use c::b; use d as e; use e as d;";
        let source = Source {
            file: TextFile::new("file.rs", text),
            items: syn::parse_file(text).unwrap().items,
            cuts: Default::default(),
            index: Default::default(),
            attributes: Vec::new(),
        };
        let full = |path: &str| source.full_path(&syn::parse_str(path).unwrap()).join("::");
        assert_eq!(full("Conn"), "redis::aio::MultiplexedConnection");
        assert_eq!(full("self::Conn"), "redis::aio::MultiplexedConnection");
        assert_eq!(
            full("a::ConnectionManager"),
            "redis::aio::ConnectionManager"
        );
        assert_eq!(full("redis::Connection"), "redis::Connection");
        assert_eq!(full("::a::b"), "a::b");
        assert!(full("c").ends_with('b') || full("c").ends_with('c'));
        assert!(["d", "e"].contains(&full("d").as_str()));
    }
}
