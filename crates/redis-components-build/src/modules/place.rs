//! Where a component's source is in the crate, as far as the files around it tell.

use std::rc::Rc;

use syn::Item;
use syn::ext::IdentExt;

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::quoted;
use crate::manifest::source_path::SourcePath;
use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::modules::sources::includes;
use crate::nearest::nearest;
use crate::source::file::Source;
use crate::source::items::has_macro_calls;
use crate::source::use_tree::leaves;

impl Sources<'_> {
    /// Finds the module that a component names, a file's or an inline one of it, and reports where
    /// there is certainly none.
    pub(crate) fn place(
        &mut self,
        path: &SourcePath,
        source: Rc<Source>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Scope> {
        let Some(module) = &path.module else {
            diagnostics.error(path.not_a_module());
            return None;
        };
        let scope = self.scope(module);
        if let Some(scope) = &scope
            && scope.source.file.path == path.file
            && !self.is_undeclared(module)
        {
            return Some(scope.clone());
        }
        if let Some(problem) = self.problem(path, module, scope.as_ref()) {
            diagnostics.error(problem);
            return None;
        }
        let file = ModulePath::of_file(&path.file).filter(|file| module.below(file).is_some());
        let inline = file.and_then(|file| Scope::of_file(source.clone(), file).walk(module));
        Some(inline.unwrap_or_else(|| Scope::of_file(source, module.clone())))
    }

    /// Says what is wrong with the place of a source, where that is certain.
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
        let outer = self.scope(&outer)?;
        let message = match &path.module_spot {
            Some(_) => format!("there is no module `{module}`"),
            None => format!("{file} is not a module of the crate"),
        };
        let place = path.module_spot.as_ref().unwrap_or(&path.spot);
        let around = quoted(&outer.source.file.path);
        let label = format!("no `mod {name}` in {around}");
        let names: Vec<String> = modules(&outer.source);
        let error = Diagnostic::error(message, place, label);
        Some(match nearest(name, names.iter().map(String::as_str)) {
            Some(similar) => error.help(format!(
                "there is a module `{}`",
                outer.module.child(similar)
            )),
            None => error.help(format!(
                "add `pub mod {name};` to {around}, or correct the path"
            )),
        })
    }

    /// Tells whether a module is certainly not declared where it would have to be.
    fn is_undeclared(&mut self, module: &ModulePath) -> bool {
        let Some((outer, name)) = module.split_last() else {
            return false;
        };
        if self.is_undeclared(&outer) {
            return true;
        }
        let Some(outer) = self.scope(&outer) else {
            return false;
        };
        // Of another crate root than the two usual ones nothing is known.
        let is_known = !outer.module.is_root() || includes(&outer.source);
        let items = &outer.source.items;
        is_known
            && outer.declaration(name).is_none()
            && !has_macro_calls(items)
            && !items
                .iter()
                .any(|item| matches!(item, Item::Use(item) if brings(item, name)))
    }
}

/// Tells whether an import may bring in a module of this name.
fn brings(item: &syn::ItemUse, name: &str) -> bool {
    let leaves = leaves(item);
    let mut leaves = leaves.iter();
    leaves.any(|leaf| leaf.is_glob || leaf.name.unraw() == name)
}

fn modules(source: &Source) -> Vec<String> {
    let modules = source.items.iter().filter_map(|item| match item {
        Item::Mod(item) => Some(item.ident.unraw().to_string()),
        _ => None,
    });
    modules.collect()
}
