//! The first parameter: the connection's type, and how the function takes it.

use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Lifetime, Signature, Type, TypePath};

use crate::carry::mentions::Mentions;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::manifest::functions::Function;
use crate::nodes::path_type;
use crate::runtime::Runtime;
use crate::signature::lifetimes::Elide;
use crate::source::file::Source;

/// How a function takes its connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Borrow {
    /// `&mut C`
    Mutable,
    /// `&C`
    Shared,
    /// `C`
    Moved,
}

/// The connection that a wrapper acquires.
pub(crate) struct Connection {
    pub(crate) borrow: Borrow,
    /// The acquired type.
    pub(crate) ty: Type,
    /// The type in the function's signature, if it names one.
    named: Option<Type>,
    /// The generic parameter that stands for the type.
    pub(super) generic: Option<String>,
}

impl Connection {
    pub(super) fn of(parameter: &Type, signature: &Signature, runtime: &Runtime) -> Self {
        let (borrow, inner) = match bare(parameter) {
            Type::Reference(reference) if reference.mutability.is_some() => {
                (Borrow::Mutable, bare(&reference.elem))
            }
            Type::Reference(reference) => (Borrow::Shared, bare(&reference.elem)),
            inner => (Borrow::Moved, inner),
        };
        let generic = generic_parameter(inner, signature);
        let is_open = matches!(inner, Type::ImplTrait(_) | Type::TraitObject(_));
        if is_open || generic.is_some() {
            let path = if signature.asyncness.is_some() {
                runtime.item(&["Connection"])
            } else {
                runtime.item(&["blocking", "Connection"])
            };
            return Self {
                borrow,
                ty: path_type(path),
                named: None,
                generic,
            };
        }
        let mut named = inner.clone();
        Elide.visit_type_mut(&mut named);
        Self {
            borrow,
            ty: named.clone(),
            named: Some(named),
            generic: None,
        }
    }

    pub(super) fn rewrite(&mut self, rewriter: &mut impl VisitMut) {
        if let Some(named) = &mut self.named {
            rewriter.visit_type_mut(named);
            self.ty = named.clone();
        }
    }

    pub(super) fn mention(&self, mentions: &mut Mentions) {
        if let Some(named) = &self.named {
            mentions.visit_type(named);
        }
    }

    /// Returns `true` if the acquired type contains a generic parameter of the function.
    pub(super) fn names(&self, parameter: &str) -> bool {
        let mut mentions = Mentions::default();
        self.mention(&mut mentions);
        mentions.names.contains(parameter)
    }
}

/// Refuses a type that is certainly no connection. Rustc reports the others.
pub(super) fn check(
    function: &Function,
    connection: &Connection,
    is_async: bool,
    parameter: &Type,
    source: &Source,
) -> Result<(), Box<Diagnostic>> {
    // Only errors need the spot, and it costs a count of the file's characters.
    let spot = || source.spot(parameter.span());
    if let Type::Reference(reference) = bare(parameter)
        && reference.lifetime.as_ref().is_some_and(is_static)
    {
        let message = format!("`{}` borrows its connection for `'static`", function.name);
        return Err(Box::new(
            Diagnostic::error(
                message,
                &spot(),
                "a call has its connection only while it lasts",
            )
            .context(&function.spot, "listed here")
            .help("leave `'static` out"),
        ));
    }
    if function.is_dedicated && connection.borrow == Borrow::Moved && is_async {
        let message = format!(
            "`{}` takes its dedicated connection by value",
            function.name
        );
        return Err(Box::new(
            Diagnostic::error(
                message,
                &spot(),
                "a dedicated connection is closed when the call ends",
            )
            .context(&function.spot, "listed here")
            .help("take `&mut Connection`"),
        ));
    }
    if connection.named.as_ref().is_some_and(is_no_connection) {
        let message = format!(
            "the first parameter of `{}` is not a connection",
            function.name
        );
        return Err(Box::new(
            Diagnostic::error(
                message,
                &spot(),
                "expected a connection, such as `&mut Connection`",
            )
            .context(&function.spot, "listed here")
            .help("take the connection first, and this parameter after it"),
        ));
    }
    Ok(())
}

/// Refuses a connection with a generic parameter that no argument determines.
pub(super) fn undetermined(
    function: &Function,
    parameter: &str,
    ty: &Type,
    source: &Source,
) -> Box<Diagnostic> {
    let message = format!(
        "nothing tells what `{parameter}` is for `{}`",
        function.name
    );
    let label = "only the connection's type has it, and callers do not pass the connection";
    Box::new(
        Diagnostic::error(message, &source.spot(ty.span()), label)
            .context(&function.spot, "listed here")
            .help("name a connection without it"),
    )
}

/// Returns a type without the parentheses around it.
pub(super) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => bare(&inner.elem),
        Type::Group(inner) => bare(&inner.elem),
        ty => ty,
    }
}

fn generic_parameter(ty: &Type, signature: &Signature) -> Option<String> {
    let Type::Path(TypePath {
        qself: None, path, ..
    }) = ty
    else {
        return None;
    };
    let ident = path.get_ident()?;
    signature
        .generics
        .type_params()
        .any(|param| param.ident == *ident)
        .then(|| ident.to_string())
}

fn is_static(lifetime: &Lifetime) -> bool {
    lifetime.ident == "static"
}

fn is_no_connection(ty: &Type) -> bool {
    const NAMES: [&str; 20] = [
        "String", "Vec", "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize",
        "str", "u128", "u16", "u32", "u64", "u8", "usize", "Duration",
    ];
    match ty {
        Type::Path(ty) => ty.path.segments.last().is_some_and(|last| {
            ty.path.segments.len() == 1 && NAMES.contains(&last.ident.to_string().as_str())
        }),
        Type::Array(_)
        | Type::FnPtr(_)
        | Type::Never(_)
        | Type::Ptr(_)
        | Type::Slice(_)
        | Type::Tuple(_) => true,
        _ => false,
    }
}
