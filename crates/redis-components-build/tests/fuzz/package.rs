use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support;

const MANIFEST: &str = "components.toml";

/// The texts of a package, by their path in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) files: BTreeMap<String, String>,
}

impl Package {
    /// Returns those of all golden cases, as far as they are text.
    pub(crate) fn all() -> Vec<Self> {
        let cases = ["golden", "diagnostics"].map(support::cases);
        let packages = cases.into_iter().flatten().map(|case| {
            let mut package = Self::default();
            package.read(&case, &case);
            package
        });
        packages
            .filter(|package| package.files.contains_key(MANIFEST))
            .collect()
    }

    /// A package of one source.
    pub(crate) fn of(manifest: String, source: String) -> Self {
        let files = [(MANIFEST, manifest), ("src/functions/logs.rs", source)];
        Self {
            files: files.map(|(path, text)| (path.to_owned(), text)).into(),
        }
    }

    pub(crate) fn manifest(&self) -> &str {
        &self.files[MANIFEST]
    }

    fn read(&mut self, directory: &Path, root: &Path) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.read(&path, root);
            } else if let Ok(text) = fs::read_to_string(&path)
                && !path
                    .file_name()
                    .unwrap()
                    .to_string_lossy()
                    .starts_with("expected.")
            {
                let path = path.strip_prefix(root).unwrap().to_str().unwrap();
                self.files.insert(path.to_owned(), text);
            }
        }
    }

    /// Writes it to this thread's directory, and returns that.
    pub(crate) fn write(&self) -> PathBuf {
        thread_local! {
            static DIRECTORY: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
        }
        let root = DIRECTORY.with(|directory| {
            let directory = directory.get_or_init(|| tempfile::tempdir().unwrap());
            directory.path().to_owned()
        });
        fs::remove_dir_all(&root).unwrap();
        for (path, text) in &self.files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }
}
