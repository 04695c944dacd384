//! The figures of the program `peers-heap`.

use serde::{Deserialize, Serialize};

/// All figures of memory.
#[derive(Debug, Deserialize, Serialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Heap {
    /// The cost of one component, by its state.
    pub components: Vec<Measured>,
    /// The cost of one clone of a connection.
    pub clone: Measured,
    /// The cost of one call of an accessor.
    pub accessor: Measured,
}

/// The cost of one thing.
#[derive(Debug, Deserialize, Serialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Measured {
    /// The name of the thing.
    pub name: String,
    /// Bytes that it keeps.
    pub bytes: f64,
    /// Allocations, including temporary ones.
    pub allocations: f64,
}
