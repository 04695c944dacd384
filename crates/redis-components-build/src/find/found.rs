use syn::{Attribute, ItemFn};

use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::resolve::public::View;

/// A listed function, where it is defined, and how it is called.
pub(crate) struct Found {
    /// Under the name that it is called by.
    pub(crate) item: ItemFn,
    /// Where it is defined.
    pub(crate) scope: Scope,
    /// Through which module it is called.
    pub(crate) module: ModulePath,
    /// The conditions of the modules and re-exports on the way to it.
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) is_public: bool,
    /// Whether it is not in the component's own module.
    pub(crate) is_foreign: bool,
}

impl Found {
    /// Returns how its signature is seen, under these conditions.
    pub(crate) fn view<'a>(&'a self, conditions: &'a [Attribute]) -> View<'a> {
        View {
            scope: &self.scope,
            caller: &self.module,
            conditions,
        }
    }
}
