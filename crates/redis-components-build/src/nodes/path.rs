use proc_macro2::{Ident, Span};
use syn::{AngleBracketedGenericArguments, GenericArgument, Path, PathArguments, PathSegment};

/// A path without generic arguments.
pub(crate) fn path(names: &[&str]) -> Path {
    Path {
        leading_colon: None,
        segments: names.iter().map(|name| segment(name)).collect(),
    }
}

/// A path that begins with `::`.
pub(crate) fn absolute(names: &[&str]) -> Path {
    Path {
        leading_colon: Some(Default::default()),
        ..path(names)
    }
}

pub(crate) fn segment(name: &str) -> PathSegment {
    PathSegment::from(Ident::new(name, Span::call_site()))
}

/// `<…>`, which expressions write after `::`.
pub(crate) fn generic_arguments(
    arguments: impl IntoIterator<Item = GenericArgument>,
) -> AngleBracketedGenericArguments {
    AngleBracketedGenericArguments {
        colon2_token: None,
        lt_token: Default::default(),
        args: arguments.into_iter().collect(),
        gt_token: Default::default(),
    }
}

/// Adds generic arguments to a path's last segment.
pub(crate) fn with_arguments(mut path: Path, arguments: AngleBracketedGenericArguments) -> Path {
    if let Some(last) = path.segments.last_mut() {
        last.arguments = PathArguments::AngleBracketed(arguments);
    }
    path
}
