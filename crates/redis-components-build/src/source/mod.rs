//! The contents of a source file.

pub(crate) mod attributes;
pub(crate) mod calls;
pub(crate) mod conditions;
pub(crate) mod cuts;
pub(crate) mod file;
pub(crate) mod index;
pub(crate) mod items;
pub(crate) mod lexer;
pub(crate) mod naming;
pub(crate) mod nesting;
pub(crate) mod shorten;
pub(crate) mod tokens;
pub(crate) mod use_tree;
