//! Types.

/// Of the store.
#[derive(Debug)]
pub struct Item;
