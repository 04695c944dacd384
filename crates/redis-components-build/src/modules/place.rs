//! The module of the crate that a component's source is, as far as the files around it show.

use std::rc::Rc;

use syn::ext::IdentExt;

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::quoted;
use crate::files::{directory_of, joined};
use crate::manifest::source_path::SourcePath;
use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::nearest::nearest;
use crate::source::file::Source;
use crate::source::items::{has_macro_calls, included_files};

impl Sources<'_> {
    /// Finds the modules that a component names: a file's, or inline modules in it. `cfg` may
    /// choose between several. Reports an error if there are certainly none.
    pub(crate) fn place(
        &mut self,
        path: &SourcePath,
        source: Rc<Source>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Scope> {
        let Some(module) = &self.module_of(path) else {
            diagnostics.error(path.not_a_module());
            return Vec::new();
        };
        let scopes = self.scopes(module);
        let is_of_file = |scope: &Scope| scope.source.file.path == path.file;
        if scopes.iter().any(is_of_file) && !self.is_undeclared(module) {
            return scopes.to_vec();
        }
        let including: Vec<Scope> = scopes
            .iter()
            .filter(|scope| includes(scope, &path.file))
            .map(|scope| scope.with_source(Rc::clone(&source)))
            .collect();
        if !including.is_empty() {
            return including;
        }
        if let Some(problem) = self.problem(path, module, scopes.first()) {
            diagnostics.error(problem);
            return Vec::new();
        }
        let file = self.root.module_of(&path.file);
        let file = file.filter(|file| module.below(file).is_some());
        let inline = file.map(|file| self.scope_of_file(Rc::clone(&source), file).walk(module));
        match inline {
            Some(inline) if !inline.is_empty() => inline,
            _ => vec![self.scope_of_file(source, module.clone())],
        }
    }

    /// Returns the module that a component names, or that follows from its file's path.
    pub(crate) fn module_of(&self, path: &SourcePath) -> Option<ModulePath> {
        let named = path.module.clone();
        named.or_else(|| self.root.module_of(&path.file))
    }

    /// Returns the mistake in the place of a source, if there certainly is one.
    fn problem(
        &mut self,
        path: &SourcePath,
        module: &ModulePath,
        scope: Option<&Scope>,
    ) -> Option<Diagnostic> {
        let file = quoted(&path.file);
        if let (Some(spot), Some(scope)) = (&path.module_spot, scope)
            && !self.is_undeclared(module)
        {
            let message = format!("the module `{module}` is not in {file}");
            let label = format!("this module is in {}", quoted(&scope.source.file.path));
            let error =
                Diagnostic::error(message, spot, label).context(&path.spot, "not this file");
            return Some(error.help("correct one of the two"));
        }
        let (outer, name) = module.split_last()?;
        if self.is_undeclared(&outer) {
            return self.problem(path, &outer, None);
        }
        if !self.is_undeclared(module) {
            return None;
        }
        let outer = self.scopes(&outer).first()?.clone();
        let message = match &path.module_spot {
            Some(_) => format!("there is no module `{module}`"),
            None => format!("{file} is not a module of the crate"),
        };
        let place = path.module_spot.as_ref().unwrap_or(&path.spot);
        let around = quoted(&outer.source.file.path);
        let label = format!("no `mod {name}` in {around}");
        let names: Vec<String> = outer.module_names().collect();
        let error = Diagnostic::error(message, place, label);
        let error = match nearest(name, names.iter().map(String::as_str)) {
            Some(similar) => error.help(format!(
                "there is a module `{}`",
                outer.module.child(similar)
            )),
            None => error.help(format!(
                "add `pub mod {name};` to {around}, or correct the path"
            )),
        };
        if !outer.module.is_root() || !self.root.is_one_of_several {
            return Some(error);
        }
        Some(error.note(format!(
            "the generated modules are in the target {}; `Config::crate_root` names another one",
            quoted(&self.root.target.file)
        )))
    }

    /// Returns `true` if the `mod` item of a module is certainly missing.
    fn is_undeclared(&mut self, module: &ModulePath) -> bool {
        let Some((outer, name)) = module.split_last() else {
            return false;
        };
        if self.is_undeclared(&outer) {
            return true;
        }
        let outers = self.scopes(&outer);
        !outers.is_empty()
            && outers
                .iter()
                .all(|outer| self.is_certainly_without(outer, name))
    }

    /// Returns `true` if a module certainly contains no module with this name.
    fn is_certainly_without(&self, outer: &Scope, name: &str) -> bool {
        // The root's modules are not known if the root does not visibly include the generated
        // modules.
        let is_known = !outer.module.is_root() || self.root.is_known;
        is_known
            && outer.declarations(name).next().is_none()
            && !has_macro_calls(&outer.source.items)
            // An import may bring in the module.
            && !outer.source.leaves().any(|(_, leaf)| leaf.is_glob || leaf.name.unraw() == name)
    }
}

/// Returns `true` if a module contains the text of a file, by `include!`.
fn includes(scope: &Scope, file: &str) -> bool {
    included_files(&scope.source.items).any(|path| {
        let directory = directory_of(&scope.source.file.path);
        joined(directory, &path).is_some_and(|path| path == file)
    })
}
