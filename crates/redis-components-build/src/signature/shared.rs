//! A lifetime that the connection shares with an argument, which ties the two together.

use std::collections::BTreeSet;

use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{FnArg, GenericArgument, PathArguments, Signature, Type};

use crate::diagnostics::diagnostic::Diagnostic;
use crate::manifest::functions::Function;
use crate::signature::connection::bare;
use crate::signature::lifetimes::Lifetimes;
use crate::source::file::Source;

/// Refuses an argument that could not live longer than the acquired connection.
pub(super) fn check(
    function: &Function,
    signature: &Signature,
    parameter: &Type,
    source: &Source,
) -> Result<(), Box<Diagnostic>> {
    let mut connection = Lifetimes::default();
    connection.visit_type(parameter);
    connection.named.remove("static");
    let arguments = signature.inputs.iter().skip(1);
    let tied = arguments.filter_map(|input| match input {
        FnArg::Typed(input) if !can_shrink(&input.ty, &connection.named) => Some(&input.ty),
        _ => None,
    });
    let Some(argument) = tied.into_iter().next() else {
        return Ok(());
    };
    let name = &function.name;
    let message = format!("`{name}` has one lifetime for its connection and an argument");
    Err(Box::new(
        Diagnostic::error(
            message,
            &source.spot(argument.span()),
            "could be borrowed no longer than the connection",
        )
        .context(
            &source.spot(parameter.span()),
            "which is gone when the wrapper returns",
        )
        .context(&function.spot, "listed here")
        .help("give the connection a lifetime of its own, or leave it without a name"),
    ))
}

/// Returns `true` if a value of the type is also a value of the type with shorter lifetimes, as far
/// as syntax shows.
fn can_shrink(ty: &Type, lifetimes: &BTreeSet<String>) -> bool {
    match bare(ty) {
        Type::Reference(ty) if ty.mutability.is_some() => !mentions(&ty.elem, lifetimes),
        Type::Reference(ty) => can_shrink(&ty.elem, lifetimes),
        Type::Slice(ty) => can_shrink(&ty.elem, lifetimes),
        Type::Array(ty) => can_shrink(&ty.elem, lifetimes),
        Type::Tuple(ty) => ty.elems.iter().all(|ty| can_shrink(ty, lifetimes)),
        Type::Path(path) if is_container(ty) => {
            let last = path.path.segments.last();
            last.is_none_or(|last| match &last.arguments {
                PathArguments::AngleBracketed(arguments) => {
                    arguments.args.iter().all(|argument| match argument {
                        GenericArgument::Type(ty) => can_shrink(ty, lifetimes),
                        _ => true,
                    })
                }
                _ => true,
            })
        }
        ty => !mentions(ty, lifetimes),
    }
}

/// Returns `true` if a type is a container of the standard library, which only holds its elements.
fn is_container(ty: &Type) -> bool {
    const NAMES: [&str; 14] = [
        "Arc",
        "BTreeMap",
        "BTreeSet",
        "BinaryHeap",
        "Box",
        "Cow",
        "HashMap",
        "HashSet",
        "LinkedList",
        "Option",
        "Rc",
        "Result",
        "Vec",
        "VecDeque",
    ];
    matches!(bare(ty), Type::Path(ty) if ty.path.segments.last().is_some_and(|last| {
        NAMES.contains(&last.ident.to_string().as_str())
    }))
}

fn mentions(ty: &Type, lifetimes: &BTreeSet<String>) -> bool {
    let mut all = Lifetimes::default();
    all.visit_type(ty);
    !all.named.is_disjoint(lifetimes)
}
