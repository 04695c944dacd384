//! What the program `peers-heap` tells of memory.

use serde::{Deserialize, Serialize};

/// All of it.
#[derive(Debug, Deserialize, Serialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Heap {
    /// What one component costs, by what has become of it.
    pub components: Vec<Measured>,
    /// What one clone of a connection costs.
    pub clone: Measured,
    /// What one call of an accessor costs.
    pub accessor: Measured,
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
    pub allocations: f64,
}
