//! The generated modules stand here, beside private ones that they alone may name.

#[allow(unreachable_pub)]
mod functions;
mod model;

include!("../expected.rs");
