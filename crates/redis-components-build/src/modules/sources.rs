//! Modules of the crate: the files that hold them, and if the crate's root can name them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::rc::Rc;

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::{Spot, quoted};
use crate::files::{Files, joined};
use crate::manifest::LEFT_OUT;
use crate::manifest::component::Component;
use crate::manifest::source_path::SourcePath;
use crate::module_path::ModulePath;
use crate::modules::root::Root;
use crate::modules::scope::{Scope, paths};
use crate::nearest::nearest;
use crate::source::file::{Source, Unparsable, parse};
use crate::source::nesting::DEEPEST;

/// The result of reading a source file.
#[derive(Clone)]
pub(crate) enum Loaded {
    Parsed(Rc<Source>),
    /// It is reported already, or rustc is about to report it, in more detail than the generator
    /// could.
    Unparsable,
}

/// The files read so far. Components may share a file.
pub(crate) struct Sources<'a> {
    files: &'a dyn Files,
    pub(crate) root: Root,
    /// The package's edition, or the newest edition if the package names none.
    pub(crate) edition: u16,
    out_file: Rc<str>,
    /// Whether the package lists the files that it publishes.
    pub(crate) has_file_list: bool,
    loaded: BTreeMap<String, Loaded>,
    scopes: BTreeMap<String, Rc<[Scope]>>,
    /// The key is made of the outer module's id and the name.
    children: BTreeMap<String, Rc<[Scope]>>,
    /// One text per file that does not parse.
    warnings: Vec<String>,
    /// One error per file that is nested too deeply.
    errors: Vec<Diagnostic>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(
        files: &'a dyn Files,
        root: Root,
        edition: Option<u16>,
        out_file: &str,
    ) -> Self {
        let mut loaded = BTreeMap::new();
        if let Some(source) = &root.source {
            loaded.insert(root.target.file.clone(), Loaded::Parsed(Rc::clone(source)));
        }
        Self {
            files,
            root,
            edition: edition.unwrap_or(2024),
            out_file: Rc::from(out_file),
            has_file_list: false,
            loaded,
            scopes: BTreeMap::new(),
            children: BTreeMap::new(),
            warnings: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Returns the source that exists. The default file may be a folder in fact.
    pub(crate) fn actual(&self, path: &SourcePath) -> SourcePath {
        let folder = path.file.replace(".rs", "/mod.rs");
        let is_there = |file: &str| self.files.exists(Path::new(file));
        let file = if path.is_default && !is_there(&path.file) && is_there(&folder) {
            folder
        } else {
            path.file.clone()
        };
        SourcePath {
            file,
            ..path.clone()
        }
    }

    /// Reads a component's source, and reports an error if that fails.
    pub(crate) fn load(
        &mut self,
        component: &Component,
        path: &SourcePath,
        diagnostics: &mut Diagnostics,
    ) -> Option<Rc<Source>> {
        match self.read(&path.file) {
            Ok(Loaded::Parsed(source)) => Some(source),
            Ok(_) => None,
            Err(error) => {
                diagnostics.error(self.unreadable(component, path, &error));
                None
            }
        }
    }

    /// Returns `true` if a file that was read does not parse.
    pub(crate) fn has_unparsable(&self) -> bool {
        !self.warnings.is_empty() || !self.errors.is_empty()
    }

    /// Reports the files that do not parse.
    pub(crate) fn report(self, diagnostics: &mut Diagnostics) {
        for warning in self.warnings {
            diagnostics.warn(warning);
        }
        for error in self.errors {
            diagnostics.error(error);
        }
    }

    /// Reads a file, once.
    fn read(&mut self, file: &str) -> io::Result<Loaded> {
        if let Some(loaded) = self.loaded.get(file) {
            return Ok(loaded.clone());
        }
        let loaded = match parse(file, self.files.read(Path::new(file))?) {
            Ok(source) => Loaded::Parsed(Rc::new(source)),
            Err(Unparsable::Mistake(problem)) => {
                self.warnings.push(format!(
                    "wrappers are not up to date, because `{file}` cannot be parsed ({problem})"
                ));
                Loaded::Unparsable
            }
            Err(Unparsable::TooDeep(place)) => {
                self.errors.push(too_deep(file, &place));
                Loaded::Unparsable
            }
        };
        self.loaded.insert(file.to_owned(), loaded.clone());
        Ok(loaded)
    }

    fn unreadable(
        &self,
        component: &Component,
        path: &SourcePath,
        error: &io::Error,
    ) -> Diagnostic {
        let quoted = quoted(&path.file);
        if error.kind() != io::ErrorKind::NotFound {
            let message = format!("cannot read the source {quoted}: {error}");
            return Diagnostic::error(message, &path.spot, "listed here");
        }
        let message = format!("cannot find the source {quoted}");
        if path.is_default {
            return Diagnostic::error(message, &path.spot, "this component names no source")
                .help("create the file, or name another one with `source`")
                .note("the default is `src/functions/<component>.rs`");
        }
        let error = Diagnostic::error(message, &path.spot, "no such file");
        let error = match self.similar_file(&path.file) {
            Some(similar) => error.help(format!("there is `{similar}`")),
            None => error.help(format!(
                "create the file, or correct `source` of `{}`",
                component.name
            )),
        };
        let error = error.note("a source is relative to the package");
        if self.has_file_list {
            return error.note(LEFT_OUT);
        }
        error
    }

    /// Returns a file that is probably meant: in `src`, or with a similar name in the same
    /// directory.
    fn similar_file(&self, file: &str) -> Option<String> {
        let in_src = format!("src/{file}");
        let folder = format!("{}/mod.rs", file.strip_suffix(".rs").unwrap_or(file));
        let mut likely = [in_src, folder].into_iter();
        if let Some(file) = likely.find(|file| self.files.exists(Path::new(file))) {
            return Some(file);
        }
        let (directory, name) = file.rsplit_once('/')?;
        let names = self.files.names(Path::new(directory));
        let similar = nearest(name, names.iter().map(String::as_str))?;
        Some(format!("{directory}/{similar}"))
    }
}

impl Sources<'_> {
    /// Returns the module at the crate's root. Returns `None` if its file is missing or does not
    /// parse.
    pub(crate) fn root_scope(&mut self) -> Option<Scope> {
        self.scopes(&ModulePath::root()).first().cloned()
    }

    /// Returns a module whose outer modules are not known.
    pub(crate) fn scope_of_file(&self, source: Rc<Source>, module: ModulePath) -> Scope {
        Scope::of_file(source, module, &self.out_file)
    }

    /// Returns the modules with a path, from the files in which `mod` items look for them. `cfg`
    /// may choose between several.
    pub(crate) fn scopes(&mut self, module: &ModulePath) -> Rc<[Scope]> {
        let name = module.to_string();
        if let Some(known) = self.scopes.get(&name) {
            return Rc::clone(known);
        }
        let found: Rc<[Scope]> = self.find_scopes(module).into();
        self.scopes.insert(name, Rc::clone(&found));
        found
    }

    /// Returns the modules with a name that a module declares.
    pub(crate) fn children(&mut self, outer: &Scope, name: &str) -> Rc<[Scope]> {
        let id = format!("{}::{name}", outer.id);
        if let Some(known) = self.children.get(&id) {
            return Rc::clone(known);
        }
        let mut children = Vec::new();
        for item in outer.declarations(name) {
            if let Some(inline) = outer.of_inline(item, children.len()) {
                children.push(inline);
                continue;
            }
            for (path, cfg) in paths(item) {
                let source = match path {
                    Some(path) => {
                        let file = joined(&outer.path_base, &path);
                        // A file that `#[path]` names has its own modules beside it.
                        // `cfg_attr` may name a file that only another platform has.
                        let file = file.filter(|file| self.files.exists(Path::new(file)));
                        file.and_then(|file| Some((self.source(&file)?, true)))
                    }
                    None => self
                        .source_in(&outer.directory, name)
                        .map(|source| (source, false)),
                };
                if let Some((source, is_beside)) = source {
                    let mut child = outer.inside(item, children.len(), &cfg, source);
                    if is_beside {
                        child.directory.clone_from(&child.path_base);
                    }
                    children.push(child);
                }
            }
        }
        let children: Rc<[Scope]> = children.into();
        self.children.insert(id, Rc::clone(&children));
        children
    }

    fn find_scopes(&mut self, module: &ModulePath) -> Vec<Scope> {
        let Some((outer, name)) = module.split_last() else {
            let file = self.root.target.file.clone();
            let is_there = self.files.exists(Path::new(&file));
            let root = is_there.then(|| self.source(&file)).flatten();
            return root
                .map(|root| Scope::root(root, &self.out_file))
                .into_iter()
                .collect();
        };
        let mut scopes = Vec::new();
        let mut source = None;
        let outers = self.scopes(&outer);
        for outer in outers.iter() {
            if outer.declarations(name).next().is_none() {
                source = source.or_else(|| self.source_in(&outer.directory, name));
            }
            scopes.extend_from_slice(&self.children(outer, name));
        }
        if outers.is_empty() {
            source = self.source_in(&self.root.directory.clone(), &module.file_stem());
        }
        let is_declared = outers
            .iter()
            .any(|outer| outer.declarations(name).next().is_some());
        if !is_declared && let Some(source) = source {
            // A macro may have declared it.
            scopes.push(self.scope_of_file(source, module.clone()));
        }
        scopes
    }

    /// Reads the file of a module, `name.rs` or `name/mod.rs` in a directory.
    fn source_in(&mut self, directory: &str, name: &str) -> Option<Rc<Source>> {
        let paths = [format!("{name}.rs"), format!("{name}/mod.rs")];
        let mut files = paths.iter().filter_map(|path| joined(directory, path));
        let file = files.find(|file| self.files.exists(Path::new(file)))?;
        self.source(&file)
    }

    fn source(&mut self, file: &str) -> Option<Rc<Source>> {
        match self.read(file) {
            Ok(Loaded::Parsed(source)) => Some(source),
            _ => None,
        }
    }
}

fn too_deep(file: &str, place: &Spot) -> Diagnostic {
    let message = format!("{} is nested too deeply to be read", quoted(file));
    let label = format!("this is inside of more than {DEEPEST} tokens");
    Diagnostic::error(message, place, label)
        .help("give a part of it a name of its own, such as a `type` or a `const`, or move it to a file that needs no reading")
}
