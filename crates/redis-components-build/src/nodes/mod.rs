//! Nodes of the syntax tree, made directly.
//!
//! `parse_quote!` reads better, and makes tokens and parses them: without optimisation, as build scripts are compiled, that
//! took half of all the time. So it is for what is made once, and these are for what is made for every function.

mod attribute;
mod expr;
mod list;
mod path;
mod ty;
mod use_tree;

pub(crate) use attribute::allow;
pub(crate) use expr::{
    block, boolean, call, dereference, dot_await, item, literal, macro_call, method, question,
    reference, string, structure,
};
pub(crate) use list::retain;
pub(crate) use path::{absolute, generic_arguments, path, segment, with_arguments};
pub(crate) use ty::{infer, path_type, unit};
pub(crate) use use_tree::use_tree;
