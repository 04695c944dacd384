//! The root module of the target that includes the generated modules.

use std::path::Path;
use std::rc::Rc;

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::quoted;
use crate::files::{Files, directory_of, joined};
use crate::module_path::ModulePath;
use crate::modules::include::{Place, place_of_include};
use crate::options::Options;
use crate::package::{Package, Target};
use crate::source::file::{Source, parse};

/// The root of the target that includes the generated modules.
pub(crate) struct Root {
    pub(crate) target: Target,
    /// The directory in which `mod` items of the root look for files.
    pub(crate) directory: String,
    /// The root's file, if it was read.
    pub(crate) source: Option<Rc<Source>>,
    /// The place in the root at which the modules are included, if it is visible.
    pub(crate) place: Option<Place>,
    /// Whether a target with the include is found, or the build script names the target.
    pub(crate) is_known: bool,
    /// Whether there are other targets.
    pub(crate) is_one_of_several: bool,
}

/// The result of the search for an include in a target.
enum Seen {
    Here(Rc<Source>, Place),
    /// Rustc is about to report the file, which calls `include_components!`.
    Unparsable,
    Nothing(Option<Rc<Source>>),
}

impl Root {
    /// Finds the target that includes the generated file: the first target of the package with a
    /// visible include, or else the first target.
    pub(crate) fn find(
        options: &Options,
        package: &Package,
        files: &dyn Files,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let named = options.crate_root.as_deref().map(|file| {
            if !files.exists(Path::new(file)) {
                let message = format!("cannot find the crate root {}", quoted(file));
                let help = "give `Config::crate_root` the root file of a target, relative to the package, such as `src/main.rs`";
                diagnostics.error(Diagnostic::without_place(message).help(help));
            }
            let known = package.targets.iter().find(|target| target.file == file);
            known.cloned().unwrap_or(Target {
                file: file.to_owned(),
                is_library: false,
            })
        });
        let targets = match &named {
            Some(target) => std::slice::from_ref(target),
            None => &package.targets,
        };
        let mut unsure = None;
        let mut without = Vec::new();
        for target in targets {
            match look(&target.file, files, &options.out_file) {
                Seen::Here(source, place) if place.is_certain => {
                    return Self::of(target, Some(source), Some(place), true, package);
                }
                Seen::Here(source, place) => unsure = unsure.or(Some((target, source, place))),
                Seen::Unparsable => return Self::of(target, None, None, true, package),
                Seen::Nothing(source) => without.push((target, source)),
            }
        }
        if let Some((target, source, place)) = unsure {
            return Self::of(target, Some(source), Some(place), true, package);
        }
        for (target, source) in &without {
            if source.as_ref().is_some_and(|source| {
                includes_in_files(source, &target.file, files, &options.out_file)
            }) {
                return Self::of(target, source.clone(), None, true, package);
            }
        }
        let usual = Target {
            file: "src/lib.rs".to_owned(),
            is_library: true,
        };
        let first = targets.first().unwrap_or(&usual);
        let source = without.into_iter().next().and_then(|(_, source)| source);
        Self::of(first, source, None, named.is_some(), package)
    }

    fn of(
        target: &Target,
        source: Option<Rc<Source>>,
        place: Option<Place>,
        is_known: bool,
        package: &Package,
    ) -> Self {
        Self {
            directory: directory_of(&target.file).to_owned(),
            target: target.clone(),
            source,
            place,
            is_known,
            is_one_of_several: package.targets.len() > 1,
        }
    }

    /// Derives a module from its file's path, as `mod` items do.
    pub(crate) fn module_of(&self, file: &str) -> Option<ModulePath> {
        if file == self.target.file {
            return Some(ModulePath::root());
        }
        ModulePath::of_file(file, &self.directory)
    }
}

/// Looks for an include in a root file.
fn look(file: &str, files: &dyn Files, out_file: &str) -> Seen {
    let Some(text) = text(file, files) else {
        return Seen::Nothing(None);
    };
    match parse(file, text.clone().into_bytes()) {
        Ok(source) => match place_of_include(&source.items, out_file) {
            Some(place) => Seen::Here(Rc::new(source), place),
            None => Seen::Nothing(Some(Rc::new(source))),
        },
        Err(_) if text.contains("include_components!") => Seen::Unparsable,
        Err(_) => Seen::Nothing(None),
    }
}

/// Looks for an include in the files of the modules that a root declares.
fn includes_in_files(root: &Source, file: &str, files: &dyn Files, out_file: &str) -> bool {
    let directory = directory_of(file);
    let mut modules = root.items.iter().filter_map(|item| match item {
        syn::Item::Mod(item) if item.content.is_none() => Some(item.ident.to_string()),
        _ => None,
    });
    modules.any(|name| {
        let name = name.trim_start_matches("r#");
        let paths = [format!("{name}.rs"), format!("{name}/mod.rs")];
        paths
            .iter()
            .filter_map(|path| joined(directory, path))
            .any(|file| {
                text(&file, files)
                    // A file without the word cannot have an include, and need not be parsed.
                    .filter(|text| text.contains("include"))
                    .and_then(|text| parse(&file, text.into_bytes()).ok())
                    .is_some_and(|source| place_of_include(&source.items, out_file).is_some())
            })
    })
}

fn text(file: &str, files: &dyn Files) -> Option<String> {
    let path = Path::new(file);
    files.exists(path).then_some(())?;
    String::from_utf8(files.read(path).ok()?).ok()
}
