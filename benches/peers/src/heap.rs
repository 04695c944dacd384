//! What the program `peers-heap` tells of memory.

use serde::{Deserialize, Serialize};

/// All of it.
#[derive(Debug, Deserialize, Serialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Heap {
    /// What one component costs, by what has become of it.
    pub components: Vec<Measured>,
    /// What one call costs, the clone of a connection first.
    pub calls: Vec<Measured>,
}

/// One figure each.
#[derive(Debug, Deserialize, Serialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Measured {
    /// What was measured.
    pub name: String,
    /// Bytes that stay.
    pub bytes: f64,
    /// Allocations, also of what does not stay.
    pub allocations: Option<f64>,
}
