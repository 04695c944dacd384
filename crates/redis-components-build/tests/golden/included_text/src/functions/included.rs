//! Has the text of another file.

include!("text.rs");
