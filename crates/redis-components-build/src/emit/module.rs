use std::collections::BTreeSet;

use crate::attributes::Attributes;
use crate::carry::imports::Imports;
use crate::manifest::component::Component;
use crate::manifest::names::ACCESSORS;
use crate::module_path::ModulePath;
use crate::signature::Wrapper;

/// A generated module, while it is being put together.
pub(crate) struct Module<'a> {
    pub(crate) component: &'a Component,
    pub(super) functions: Vec<Function>,
    pub(super) imports: Imports,
    pub(super) allows: BTreeSet<String>,
}

/// A finished wrapper.
pub(crate) struct Function {
    pub(crate) wrapper: Wrapper,
    pub(crate) attributes: Attributes,
    /// The module through which the wrapper calls the function.
    pub(crate) module: ModulePath,
    pub(crate) is_conditional: bool,
    /// Whether the function is `pub`, with everything that its signature needs from its file.
    pub(crate) is_public: bool,
}

impl<'a> Module<'a> {
    pub(crate) fn new(component: &'a Component) -> Self {
        Self {
            component,
            functions: Vec::new(),
            imports: Imports::default(),
            allows: BTreeSet::new(),
        }
    }

    /// Returns the names of the module's own items.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let functions = self.component.functions.iter();
        let functions = functions.map(|function| function.name.clone());
        ACCESSORS
            .map(str::to_owned)
            .into_iter()
            .chain(functions)
            .collect()
    }

    pub(crate) fn add(&mut self, function: Function) {
        self.functions.push(function);
    }

    /// Adds the lints that the functions' file allows.
    pub(crate) fn allow(&mut self, lints: &BTreeSet<String>) {
        self.allows.extend(lints.iter().cloned());
    }

    pub(crate) fn import(&mut self, imports: Imports) {
        self.imports.merge(imports);
    }

    /// Sorts the imports, after the last was added.
    pub(crate) fn tidy(&mut self) {
        self.imports.tidy();
    }
}
