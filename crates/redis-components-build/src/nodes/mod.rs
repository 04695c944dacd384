//! Nodes of the syntax tree, made directly.
//!
//! `parse_quote!` is easier to read, but makes tokens and parses them. Build scripts are compiled
//! without optimisation, and there that took half of the time. So `parse_quote!` is for nodes that
//! are made once, and these functions are for nodes of every function.

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
