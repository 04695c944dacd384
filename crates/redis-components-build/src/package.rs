//! The facts in `Cargo.toml`.

use std::collections::BTreeSet;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::files::Files;

/// The package, as described in `Cargo.toml`.
#[derive(Default)]
pub(crate) struct Package {
    /// The features, including those of optional dependencies. `None` if `Cargo.toml` gives no
    /// answer.
    pub(crate) features: Option<BTreeSet<String>>,
    /// The names of other crates in the package's code.
    pub(crate) crates: BTreeSet<String>,
    /// The name of its library, if it has one, which is another crate for every other target.
    pub(crate) library: Option<String>,
    /// The edition, if it is known.
    pub(crate) edition: Option<u16>,
    /// The lints that the package forbids.
    pub(crate) forbidden: Vec<String>,
    /// Whether the package lists the files that it publishes.
    pub(crate) has_file_list: bool,
    /// The targets that can include generated modules, the library first.
    pub(crate) targets: Vec<Target>,
}

/// A target of the package.
#[derive(Clone)]
pub(crate) struct Target {
    /// The file of its root module.
    pub(crate) file: String,
    pub(crate) is_library: bool,
}

/// A kind of targets other than the library.
struct Kind {
    /// The key of its targets in `Cargo.toml`.
    key: &'static str,
    /// The key by which cargo does not look for more of them.
    auto: &'static str,
    /// The directory in which cargo looks for them.
    directory: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind::of("bin", "autobins", "src/bin"),
    Kind::of("example", "autoexamples", "examples"),
    Kind::of("test", "autotests", "tests"),
    Kind::of("bench", "autobenches", "benches"),
];

impl Kind {
    const fn of(key: &'static str, auto: &'static str, directory: &'static str) -> Self {
        Self {
            key,
            auto,
            directory,
        }
    }

    /// Returns the files in which cargo looks for the target with a name.
    fn files(&self, name: &str, package: Option<&str>) -> Vec<String> {
        let directory = self.directory;
        let mut files = vec![
            format!("{directory}/{name}.rs"),
            format!("{directory}/{name}/main.rs"),
        ];
        if self.key == "bin" && package == Some(name) {
            files.insert(0, MAIN.to_owned());
        }
        files
    }

    /// Returns the files that may be targets which `Cargo.toml` does not name.
    fn found(&self, files: &dyn Files) -> Vec<String> {
        let mut found = Vec::new();
        if self.key == "bin" {
            found.push(MAIN.to_owned());
        }
        for name in files.names(Path::new(self.directory)) {
            let is_file = Path::new(&name).extension().is_some_and(|ext| ext == "rs");
            let below = if is_file { "" } else { "/main.rs" };
            found.push(format!("{}/{name}{below}", self.directory));
        }
        found
    }
}

const LIBRARY: &str = "src/lib.rs";
const MAIN: &str = "src/main.rs";

impl Package {
    /// Reads `Cargo.toml`, and finds the targets that it does not name.
    pub(crate) fn read(files: &dyn Files) -> Self {
        let mut package = Self::default();
        let mut is_read = false;
        with_document(files, "Cargo.toml", |document| {
            package.take(document, files);
            package.add_targets(document, files);
            is_read = true;
        });
        if !is_read {
            package.add_targets(&DeTable::new(), files);
        }
        let has_library = package.targets.iter().any(|target| target.is_library);
        package.library = package.library.filter(|_| has_library);
        package
    }

    fn take(&mut self, document: &DeTable<'_>, files: &dyn Files) {
        let Some(package) = table(document, "package") else {
            return;
        };
        let library = table(document, "lib").and_then(|library| text(library, "name"));
        let library = library.or(text(package, "name"));
        self.library = library.map(|name| name.replace('-', "_"));
        let mut features = BTreeSet::new();
        if let Some(table) = table(document, "features") {
            features.extend(table.keys().map(|name| name.get_ref().to_string()));
        }
        self.add_dependencies(document, &mut features);
        let targets = table(document, "target")
            .into_iter()
            .flat_map(DeTable::values);
        for target in targets {
            if let DeValue::Table(target) = target.get_ref() {
                self.add_dependencies(target, &mut features);
            }
        }
        self.features = Some(features);
        self.has_file_list = package.get("include").or(package.get("exclude")).is_some();
        if let Some(lints) = table(document, "lints") {
            add_forbidden(lints, &mut self.forbidden);
            if lints.get("workspace").is_some() {
                with_workspace(files, |workspace, _| {
                    let lints = table(workspace, "lints");
                    lints.inspect(|lints| add_forbidden(lints, &mut self.forbidden));
                });
            }
        }
        match package.get("edition").map(|edition| edition.get_ref()) {
            Some(DeValue::String(edition)) => self.edition = edition.parse().ok(),
            Some(_) => with_workspace(files, |workspace, _| {
                let package = table(workspace, "package");
                self.edition = package.and_then(|package| text(package, "edition")?.parse().ok());
            }),
            None => self.edition = Some(2015),
        }
    }

    fn add_dependencies(&mut self, document: &DeTable<'_>, features: &mut BTreeSet<String>) {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, dependency) in table(document, kind).into_iter().flatten() {
                let name = name.get_ref();
                if kind != "build-dependencies" {
                    self.crates.insert(name.replace('-', "_"));
                }
                if let DeValue::Table(dependency) = dependency.get_ref()
                    && let Some(DeValue::Boolean(true)) = dependency
                        .get("optional")
                        .map(|optional| optional.get_ref())
                {
                    features.insert(name.to_string());
                }
            }
        }
    }

    /// Adds the targets that `Cargo.toml` names, and those that cargo finds.
    fn add_targets(&mut self, document: &DeTable<'_>, files: &dyn Files) {
        let package = table(document, "package");
        let auto = |key: &str| match package?.get(key)?.get_ref() {
            DeValue::Boolean(is_on) => Some(*is_on),
            _ => None,
        };
        let package_name = package.and_then(|package| text(package, "name"));
        let library = table(document, "lib");
        if library.is_some() || auto("autolib") != Some(false) {
            let file = library.and_then(|library| text(library, "path"));
            self.add_target(file.unwrap_or(LIBRARY).to_owned(), true, files);
        }
        for kind in &KINDS {
            let named = tables(document, kind.key);
            for target in &named {
                match text(target, "path") {
                    Some(file) => self.add_target(file.to_owned(), false, files),
                    None => {
                        let name = text(target, "name").unwrap_or_default();
                        for file in kind.files(name, package_name) {
                            self.add_target(file, false, files);
                        }
                    }
                }
            }
            let is_on = self.edition != Some(2015) || named.is_empty();
            if auto(kind.auto).unwrap_or(is_on) {
                for file in kind.found(files) {
                    self.add_target(file, false, files);
                }
            }
        }
    }

    fn add_target(&mut self, file: String, is_library: bool, files: &dyn Files) {
        let is_known = self.targets.iter().any(|target| target.file == file);
        if !is_known && files.exists(Path::new(&file)) {
            self.targets.push(Target { file, is_library });
        }
    }
}

/// Returns how many directories the workspace is above the package. Returns 0 if the package is the
/// root, or in no workspace.
pub(crate) fn levels_to_workspace(files: &dyn Files) -> usize {
    let mut found = 0;
    with_workspace(files, |workspace, levels| {
        // `exclude` may name the package's path, and then the package is outside of the workspace.
        if workspace.get("exclude").is_none() {
            found = levels;
        }
    });
    found
}

/// Finds the workspace around the package, and passes it on with the number of directories between
/// the two.
fn with_workspace(files: &dyn Files, read: impl FnOnce(&DeTable<'_>, usize)) {
    const MOST_LEVELS: usize = 16;
    let mut read = Some(read);
    let mut path = String::from("Cargo.toml");
    for level in 0..MOST_LEVELS {
        with_document(files, &path, |document| {
            if let Some(workspace) = table(document, "workspace")
                && let Some(read) = read.take()
            {
                read(workspace, level);
            }
        });
        if read.is_none() {
            return;
        }
        path.insert_str(0, "../");
    }
}

/// Adds the lints that a table forbids.
fn add_forbidden(lints: &DeTable<'_>, forbidden: &mut Vec<String>) {
    for (tool, prefix) in [
        ("rust", ""),
        ("clippy", "clippy::"),
        ("rustdoc", "rustdoc::"),
    ] {
        for (name, level) in table(lints, tool).into_iter().flatten() {
            let level = match level.get_ref() {
                DeValue::String(level) => Some(level.as_ref()),
                DeValue::Table(level) => text(level, "level"),
                _ => None,
            };
            if level == Some("forbid") {
                forbidden.push(format!("{prefix}{}", name.get_ref()));
            }
        }
    }
}

fn with_document(files: &dyn Files, path: &str, read: impl FnOnce(&DeTable<'_>)) {
    let path = Path::new(path);
    if !files.exists(path) {
        return;
    }
    if let Ok(bytes) = files.read(path)
        && let Ok(text) = String::from_utf8(bytes)
    {
        let (document, errors) = DeTable::parse_recoverable(&text);
        if errors.is_empty() {
            read(document.get_ref());
        }
    }
}

fn table<'a>(document: &'a DeTable<'a>, name: &str) -> Option<&'a DeTable<'a>> {
    match document.get(name)?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn tables<'a>(document: &'a DeTable<'a>, name: &str) -> Vec<&'a DeTable<'a>> {
    let Some(DeValue::Array(values)) = document.get(name).map(|value| value.get_ref()) else {
        return Vec::new();
    };
    let tables = values.iter().filter_map(|value| match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    });
    tables.collect()
}

fn text<'a>(document: &'a DeTable<'a>, name: &str) -> Option<&'a str> {
    match document.get(name)?.get_ref() {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
