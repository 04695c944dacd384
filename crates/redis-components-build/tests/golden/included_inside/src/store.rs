//! The generated modules stand here, beside private ones that they alone may name.

mod functions;
mod model;

include!("../expected.rs");
