//! The files of a crate, and which module each is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::paths::{File, in_module};

/// A crate's files, by their paths below `src`.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) files: BTreeMap<String, File>,
    /// The file of each module.
    modules: BTreeMap<Vec<String>, String>,
}

impl Tree {
    /// Reads all files below a folder.
    pub(crate) fn read(src: &Path) -> Result<Self, String> {
        let mut sources = Vec::new();
        collect(src, "", &mut sources).map_err(|error| format!("{}: {error}", src.display()))?;
        Self::parse(&sources)
    }

    /// Parses files, given by path and text.
    pub(crate) fn parse<S: AsRef<str>>(sources: &[(S, S)]) -> Result<Self, String> {
        let mut files = BTreeMap::new();
        for (path, text) in sources {
            let path = path.as_ref();
            let file = File::parse(module_of(path), text.as_ref());
            files.insert(
                path.to_owned(),
                file.map_err(|error| format!("{path}: {error}"))?,
            );
        }
        let tests: Vec<_> = files.values().flat_map(|file| file.tests.clone()).collect();
        files.retain(|_, file| !tests.iter().any(|test| file.module.starts_with(test)));
        let modules = files
            .iter()
            .map(|(path, file)| (file.module.clone(), path.clone()));
        Ok(Self {
            modules: modules.collect(),
            files,
        })
    }

    /// Returns `true` if a path within the crate is a module, in a file of its own.
    pub(crate) fn is_module(&self, path: &[String]) -> bool {
        self.modules.contains_key(path)
    }

    /// Splits a path within the crate into the deepest file that it names and the rest.
    pub(crate) fn deepest<'a>(&self, path: &'a [String]) -> Option<(&str, &'a [String])> {
        (0..=path.len()).rev().find_map(|length| {
            let file = self.modules.get(&path[..length])?;
            Some((file.as_str(), &path[length..]))
        })
    }
}

fn collect(
    folder: &Path,
    prefix: &str,
    sources: &mut Vec<(String, String)>,
) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), sources)?;
        } else if path.ends_with(".rs") {
            sources.push((path, fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}

fn module_of(path: &str) -> Vec<String> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let module = path.strip_suffix("/mod").unwrap_or(path);
    match module {
        "lib" | "main" => Vec::new(),
        module => module
            .split('/')
            .fold(Vec::new(), |above, name| in_module(&above, name)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Tree, module_of};

    #[test]
    fn a_files_place_says_which_module_it_is() {
        assert_eq!(module_of("lib.rs"), [""; 0]);
        assert_eq!(module_of("a/mod.rs"), ["a"]);
        assert_eq!(module_of("a/b.rs"), ["a", "b"]);
    }

    #[test]
    fn the_deepest_file_on_a_path_is_found() {
        let tree = Tree::parse(&[("lib.rs", ""), ("a/mod.rs", ""), ("a/b.rs", "")]).unwrap();
        let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(tree.deepest(&path("a::b::Item")).unwrap().0, "a/b.rs");
        assert_eq!(tree.deepest(&path("a::Item")).unwrap().0, "a/mod.rs");
        assert_eq!(tree.deepest(&path("Item")).unwrap().0, "lib.rs");
    }

    #[test]
    fn files_of_tests_are_left_out_and_moved_files_refused() {
        let tree = Tree::parse(&[("lib.rs", "#[cfg(test)] mod tests;"), ("tests.rs", "")]);
        assert_eq!(tree.unwrap().files.len(), 1);
        let moved = Tree::parse(&[("lib.rs", "\n#[path = \"b.rs\"]\nmod a;")]);
        assert!(moved.unwrap_err().starts_with("lib.rs: line 2: "));
        Tree::parse(&[("lib.rs", "#[path = \"../../b.rs\"]\nmod a;")]).unwrap();
    }
}
