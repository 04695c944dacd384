use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::visit_mut::{self, VisitMut};
use syn::{CapturedParam, PreciseCapture, Type};

use crate::nodes::retain;

/// Replaces a removed parameter by the runtime's connection.
pub(super) struct Substitute<'a> {
    pub(super) name: &'a str,
    pub(super) ty: Type,
}

impl VisitMut for Substitute<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::Path(path) = ty
            && path.qself.is_none()
            && path.path.is_ident(self.name)
        {
            *ty = self.ty.clone();
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }
}

/// Removes a parameter from `use<…>`.
pub(super) struct Uncapture<'a> {
    pub(super) name: &'a str,
}

impl VisitMut for Uncapture<'_> {
    fn visit_precise_capture_mut(&mut self, capture: &mut PreciseCapture) {
        let is_kept = |param: &CapturedParam| match param {
            CapturedParam::Lifetime(lifetime) => format!("'{}", lifetime.ident) != self.name,
            CapturedParam::Ident(ident) => is_other(ident, self.name),
            _ => true,
        };
        retain(&mut capture.params, is_kept);
    }
}

fn is_other(ident: &Ident, name: &str) -> bool {
    ident.unraw() != name
}
