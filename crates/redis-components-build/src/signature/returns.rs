//! The return type: a result whose error type converts from the runtime's error, or a plain value.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    GenericArgument, Item, PathArguments, ReturnType, Signature, Type, TypeImplTrait,
    TypeParamBound,
};

use crate::diagnostics::diagnostic::Diagnostic;
use crate::manifest::functions::{Function, Returns};
use crate::nodes::absolute;
use crate::nodes::{path_type, unit};
use crate::resolve::local::Local;
use crate::signature::connection::bare;
use crate::syntax::is_primitive;

/// The kind of a function's return type.
pub(crate) enum Returned {
    /// A result, with its type as an expression can name it.
    Result(Type),
    /// Another value, with its type as written.
    Plain(Type),
}

impl Returned {
    /// Returns the kind of a return type. `is_result` is the answer of [`is_result`] for the type
    /// as it was written.
    pub(super) fn of(output: &ReturnType, is_result: bool) -> Self {
        let ReturnType::Type(_, ty) = output else {
            return Self::Plain(unit());
        };
        if is_result {
            Self::Result(without_impl(ty))
        } else if is_never(output) {
            // `!` cannot stand in a type, and this type has no values either.
            Self::Plain(path_type(absolute(&["core", "convert", "Infallible"])))
        } else {
            Self::Plain((**ty).clone())
        }
    }
}

/// Returns `true` if a function never returns.
pub(crate) fn is_never(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, ty) if matches!(bare(ty), Type::Never(_)))
}

/// Refuses return types for which no wrapper can be written.
pub(super) fn check(
    function: &Function,
    signature: &Signature,
    local: &mut Local<'_, '_>,
) -> Result<(), Box<Diagnostic>> {
    let ReturnType::Type(_, ty) = &signature.output else {
        return Ok(());
    };
    let source = &*local.scope.source;
    let spot = || source.spot(ty.span());
    if let Type::ImplTrait(opaque) = bare(ty)
        && opaque.bounds.iter().any(is_future)
    {
        let message = format!(
            "`{}` returns a future that already has its connection",
            function.name
        );
        return Err(Box::new(
            Diagnostic::error(message, &spot(), "a future")
                .context(&function.spot, "listed here")
                .help("write it as an `async fn`"),
        ));
    }
    if is_result(&signature.output, function, local) && has_impl(&without_impl(ty)) {
        let message = format!("the error type of `{}` has no name", function.name);
        return Err(Box::new(
            Diagnostic::error(message, &spot(), "an `impl` type where the error is")
                .context(&function.spot, "listed here")
                .help("name the error type: the wrapper makes one if there is no connection"),
        ));
    }
    if is_result(&signature.output, function, local)
        && let Some(error) = error_type(ty)
        && is_made_of_nothing(error, signature, local)
    {
        let message = format!(
            "the error type of `{}` cannot say that a component has no connection",
            function.name
        );
        let label =
            "a type of the language or its library, for which your crate can give no conversion";
        return Err(Box::new(
            Diagnostic::error(message, &source.spot(error.span()), label)
                .context(&function.spot, "listed here")
                .help("return an error type of your own with `From<redis_components::Error>`, or `Box<dyn Error + Send + Sync>`"),
        ));
    }
    Ok(())
}

/// Returns the error type of a result, if the result's type names it.
fn error_type(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = bare(ty) else {
        return None;
    };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.nth(1)
}

/// Returns `true` if no error of another crate converts to the type, and no crate can add that.
fn is_made_of_nothing(ty: &Type, signature: &Signature, local: &mut Local<'_, '_>) -> bool {
    match bare(ty) {
        Type::Tuple(_) | Type::Array(_) | Type::Reference(_) => true,
        Type::Path(path) => {
            let is_plain = path.path.get_ident().is_some_and(|name| {
                let name = name.to_string();
                name == "String" || is_primitive(&name)
            });
            let mut params = signature.generics.type_params();
            is_plain
                && !params.any(|param| path.path.is_ident(&param.ident))
                && local.full_path(&path.path).len() == 1
                && local.item(&path.path).is_none()
        }
        _ => false,
    }
}

/// Returns `true` if a type with its aliases written out is a result. The manifest decides, or else
/// the type's name at its definition.
pub(super) fn is_result(
    output: &ReturnType,
    function: &Function,
    local: &mut Local<'_, '_>,
) -> bool {
    let ReturnType::Type(_, ty) = output else {
        return false;
    };
    function.returns.map_or_else(
        || is_named_result(ty, local),
        |returns| returns == Returns::Result,
    )
}

fn is_named_result(ty: &Type, local: &mut Local<'_, '_>) -> bool {
    let Type::Path(path) = bare(ty) else {
        return false;
    };
    let item = local.item(&path.path);
    if matches!(item, Some(Item::Enum(_) | Item::Struct(_) | Item::Union(_))) {
        return false;
    }
    let full = local.full_path(&path.path);
    full.last().is_some_and(|last| last.ends_with("Result"))
}

/// Puts `()` in the place of a success type that an expression cannot name. Only the error type
/// matters there.
fn without_impl(ty: &Type) -> Type {
    let mut ty = bare(ty).clone();
    if let Type::Path(path) = &mut ty
        && let Some(last) = path.path.segments.last_mut()
        && let PathArguments::AngleBracketed(arguments) = &mut last.arguments
        && let Some(GenericArgument::Type(success)) = arguments
            .args
            .iter_mut()
            .find(|argument| matches!(argument, GenericArgument::Type(_)))
        && has_impl(success)
    {
        *success = unit();
    }
    ty
}

fn has_impl(ty: &Type) -> bool {
    let mut finder = Finder { found: false };
    finder.visit_type(ty);
    finder.found
}

fn is_future(bound: &TypeParamBound) -> bool {
    matches!(bound, TypeParamBound::Trait(bound)
        if bound.path.segments.last().is_some_and(|last| last.ident == "Future"))
}

struct Finder {
    found: bool,
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_type_impl_trait(&mut self, ty: &'ast TypeImplTrait) {
        self.found = true;
        visit::visit_type_impl_trait(self, ty);
    }
}
