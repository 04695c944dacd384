//! The reference application of redis-components.
