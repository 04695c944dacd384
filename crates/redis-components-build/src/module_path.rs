//! The module of a source file: `src/functions/logs.rs` is `crate::functions::logs`.

use std::fmt;

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::{Path, PathSegment};

use crate::syntax::{ident, is_identifier, is_path_word};

/// The path of a module, from the crate's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModulePath {
    segments: Vec<String>,
}

impl ModulePath {
    /// Derives the module path from a file's path, as `mod` items do from a crate's root in
    /// `directory`. Returns `None` if the file is elsewhere, or a part of the path is not an
    /// identifier.
    pub(crate) fn of_file(path: &str, directory: &str) -> Option<Self> {
        let inside = match directory {
            "" => path,
            directory => path.strip_prefix(directory)?.strip_prefix('/')?,
        };
        let inside = inside.strip_suffix(".rs")?;
        let mut segments: Vec<String> = inside.split('/').map(str::to_owned).collect();
        match segments.last().map(String::as_str) {
            Some("lib" | "main") if segments.len() == 1 => segments.clear(),
            Some("mod") => {
                segments.pop();
            }
            _ => {}
        }
        segments
            .iter()
            .all(|segment| is_identifier(segment))
            .then_some(Self { segments })
    }

    /// Reads a path such as `crate::functions::logs`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split("::");
        if parts.next() != Some("crate") {
            return None;
        }
        let segments: Vec<String> = parts
            .map(|part| part.strip_prefix("r#").unwrap_or(part).to_owned())
            .collect();
        segments
            .iter()
            .all(|segment| is_identifier(segment))
            .then_some(Self { segments })
    }

    pub(crate) fn root() -> Self {
        Self {
            segments: Vec::new(),
        }
    }

    /// Returns the module `levels` above, if there is one.
    pub(crate) fn ancestor(&self, levels: usize) -> Option<Self> {
        let kept = self.segments.len().checked_sub(levels)?;
        Some(Self {
            segments: self.segments[..kept].to_vec(),
        })
    }

    pub(crate) fn child(&self, name: &str) -> Self {
        let mut segments = self.segments.clone();
        segments.push(name.to_owned());
        Self { segments }
    }

    /// Returns the names that lead from a module to this one, if it is inside of it.
    pub(crate) fn below(&self, module: &Self) -> Option<&[String]> {
        self.segments.strip_prefix(module.segments.as_slice())
    }

    /// Reads a path of identifiers that begins with `crate`.
    pub(crate) fn of_idents(path: &[Ident]) -> Option<Self> {
        let (first, rest) = path.split_first()?;
        let segments: Vec<String> = rest.iter().map(|ident| ident.unraw().to_string()).collect();
        // Rustc reports `super` in the middle of a path.
        let is_module = first == "crate" && !segments.iter().any(|word| is_path_word(word));
        is_module.then_some(Self { segments })
    }

    /// Returns the parent module, and this module's name in it. Returns `None` for the root.
    pub(crate) fn split_last(&self) -> Option<(Self, &str)> {
        let (name, outer) = self.segments.split_last()?;
        let outer = Self {
            segments: outer.to_vec(),
        };
        Some((outer, name))
    }

    /// Returns the path of the module's file without its extension, relative to the directory of
    /// the crate's root.
    pub(crate) fn file_stem(&self) -> String {
        self.segments.join("/")
    }

    pub(crate) fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// Returns the path's identifiers, `crate` first.
    pub(crate) fn idents(&self) -> Vec<Ident> {
        std::iter::once(Ident::new("crate", Span::call_site()))
            .chain(self.segments.iter().map(|segment| ident(segment)))
            .collect()
    }

    /// Returns the module as a path to which segments can be added.
    pub(crate) fn path(&self) -> Path {
        Path {
            leading_colon: None,
            segments: self.idents().into_iter().map(PathSegment::from).collect(),
        }
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("crate")?;
        for segment in &self.segments {
            write!(formatter, "::{}", ident(segment))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::ModulePath;

    fn of_file(path: &str) -> Option<String> {
        ModulePath::of_file(path, "src").map(|path| path.to_string())
    }

    #[test]
    fn follows_the_rules_of_mod_items() {
        let cases = [
            ("src/functions/logs.rs", "crate::functions::logs"),
            ("src/functions/mod.rs", "crate::functions"),
            ("src/lib.rs", "crate"),
            ("src/main.rs", "crate"),
            ("src/functions/lib.rs", "crate::functions::lib"),
            ("src/functions/type.rs", "crate::functions::r#type"),
        ];
        for (file, module) in cases {
            assert_eq!(of_file(file).as_deref(), Some(module), "{file}");
        }
    }

    #[test]
    fn says_nothing_where_the_file_does_not_tell() {
        for file in [
            "generated/logs.rs",
            "src/my-logs.rs",
            "src/logs.txt",
            "src/self.rs",
        ] {
            assert_eq!(of_file(file), None, "{file}");
        }
        let of_test = |path| ModulePath::of_file(path, "tests").map(|path| path.to_string());
        assert_eq!(of_test("src/logs.rs"), None);
        assert_eq!(of_test("tests/logs/mod.rs").as_deref(), Some("crate::logs"));
        let of_top = ModulePath::of_file("logs.rs", "").map(|path| path.to_string());
        assert_eq!(of_top.as_deref(), Some("crate::logs"));
    }

    #[test]
    fn reads_what_it_prints() {
        for path in ["crate", "crate::a::r#type"] {
            let parsed = ModulePath::parse(path).map(|path| path.to_string());
            assert_eq!(parsed.as_deref(), Some(path));
        }
        for path in [
            "",
            "self::a",
            "crate::",
            "crate::a-b",
            "::crate",
            "crate::a<T>",
        ] {
            assert_eq!(ModulePath::parse(path), None, "{path}");
        }
    }
}
