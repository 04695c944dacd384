//! The type that a type alias with given arguments stands for.

use std::collections::BTreeMap;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, GenericArgument, GenericParam, ItemType, Lifetime, ParenthesizedGenericArguments,
    PathArguments, Stmt, Type, TypeFnPtr, TypePath, parse_quote,
};

/// The arguments of an alias's generic parameters, at one use of the alias.
#[derive(Default)]
pub(crate) struct Arguments {
    lifetimes: BTreeMap<String, Lifetime>,
    types: BTreeMap<String, Type>,
    constants: BTreeMap<String, Expr>,
    /// The number of function types around the visited node. Inside of them, `'_` has another
    /// meaning.
    functions: usize,
    /// Whether an unnamed lifetime stands in a function type.
    pub(crate) loses_lifetime: bool,
}

impl Arguments {
    pub(crate) fn of(alias: &ItemType, given: &PathArguments) -> Self {
        let mut lifetimes = Vec::new();
        let mut others = Vec::new();
        if let PathArguments::AngleBracketed(given) = given {
            for argument in &given.args {
                match argument {
                    GenericArgument::Lifetime(lifetime) => lifetimes.push(lifetime.clone()),
                    argument => others.push(argument.clone()),
                }
            }
        }
        let (mut lifetimes, mut others) = (lifetimes.into_iter(), others.into_iter());
        let mut arguments = Self::default();
        for param in &alias.generics.params {
            match param {
                GenericParam::Lifetime(param) => {
                    let lifetime = lifetimes.next().unwrap_or_else(|| parse_quote!('_));
                    let name = param.lifetime.ident.to_string();
                    arguments.lifetimes.insert(name, lifetime);
                }
                GenericParam::Type(param) => {
                    let given = match others.next() {
                        Some(GenericArgument::Type(ty)) => Some(ty),
                        _ => param.default.clone().map(|(_, default)| default),
                    };
                    if let Some(mut ty) = given {
                        // A default may name the parameters before it.
                        arguments.visit_type_mut(&mut ty);
                        arguments.types.insert(param.ident.unraw().to_string(), ty);
                    }
                }
                GenericParam::Const(param) => {
                    let given = match others.next() {
                        Some(GenericArgument::Const(value)) => Some(value),
                        Some(GenericArgument::Type(ty)) => syn::parse2(ty.to_token_stream()).ok(),
                        _ => param.default.clone().map(|(_, default)| default),
                    };
                    if let Some(value) = given {
                        let name = param.ident.unraw().to_string();
                        arguments.constants.insert(name, value);
                    }
                }
            }
        }
        arguments
    }
}

impl VisitMut for Arguments {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if let Some(given) = self.lifetimes.get(&lifetime.ident.to_string()) {
            self.loses_lifetime |= self.functions > 0 && given.ident == "_";
            *lifetime = given.clone();
        }
    }

    fn visit_type_fn_ptr_mut(&mut self, function: &mut TypeFnPtr) {
        self.functions += 1;
        visit_mut::visit_type_fn_ptr_mut(self, function);
        self.functions -= 1;
    }

    fn visit_parenthesized_generic_arguments_mut(
        &mut self,
        arguments: &mut ParenthesizedGenericArguments,
    ) {
        self.functions += 1;
        visit_mut::visit_parenthesized_generic_arguments_mut(self, arguments);
        self.functions -= 1;
    }

    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::Path(TypePath {
            qself: None, path, ..
        }) = ty
            && let Some(name) = path.get_ident()
        {
            let name = name.unraw().to_string();
            if let Some(given) = self.types.get(&name) {
                *ty = given.clone();
                return;
            }
            // The parser cannot tell a constant's name from a type's.
            if let Some(given) = self.constants.get(&name) {
                *ty = syn::parse2(given.to_token_stream())
                    .unwrap_or_else(|_| Type::Verbatim(given.to_token_stream()));
                return;
            }
        }
        visit_mut::visit_type_mut(self, ty);
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if let Some(name) = only_name(expression)
            && let Some(given) = self.constants.get(&name.unraw().to_string())
        {
            *expression = given.clone();
            return;
        }
        visit_mut::visit_expr_mut(self, expression);
    }
}

/// Returns the name if an expression is only a name, also in braces.
fn only_name(expression: &Expr) -> Option<&Ident> {
    match expression {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [Stmt::Expr(inner, None)] => only_name(inner),
            _ => None,
        },
        _ => None,
    }
}
