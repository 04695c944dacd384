//! The generator of redis-components.
