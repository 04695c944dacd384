use syn::{Attribute, ItemFn};

use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::resolve::public::View;

/// A listed function, its definition, and the way to call it.
pub(crate) struct Found {
    /// The function, under the name by which it is called.
    pub(crate) item: ItemFn,
    /// The module that defines it.
    pub(crate) scope: Scope,
    /// The module through which it is called.
    pub(crate) module: ModulePath,
    /// The conditions of the modules and re-exports on the path to it.
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) is_public: bool,
    /// Whether it is outside of the component's own module.
    pub(crate) is_foreign: bool,
}

impl Found {
    /// Returns the view of its signature under these conditions.
    pub(crate) fn view<'a>(&'a self, conditions: &'a [Attribute]) -> View<'a> {
        View {
            scope: &self.scope,
            caller: &self.module,
            conditions,
        }
    }
}
