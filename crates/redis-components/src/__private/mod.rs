//! What generated code uses. Not for anybody else: it changes without notice, together with the generator.

mod acquire;
mod call;
mod connect;
mod dedicated;
mod error_into;
#[cfg(feature = "connection-manager")]
mod manager;
mod own;
mod plain;
mod subscriber;

pub use self::acquire::{Acquire, AcquireBlocking};
pub use self::call::{Call, begin};
pub use self::connect::{connect_all, connect_all_blocking};
pub use self::dedicated::{AcquireDedicated, AcquireDedicatedBlocking, Dedicated};
pub use self::error_into::{
    ErrorInto, FromComponentError, Outcome, ViaError, ViaNothing, ViaRedisError,
};
pub use self::plain::{IsResult, NoResult, Plain, Returns};
use crate::Component;
pub use crate::component::Declaration;

/// The version of what generated code and this crate expect of each other.
const VERSION: u32 = 2;

/// Fails to compile where generator and runtime do not fit.
///
/// # Panics
///
/// At compile time, where the versions differ.
pub const fn assert_generated_for(version: u32) {
    assert!(
        version == VERSION,
        "the generated code and redis-components do not fit: use the same version of redis-components and \
         redis-components-build"
    );
}

/// A component, as declared.
#[must_use]
pub const fn component(declaration: Declaration) -> Component {
    Component::new(declaration)
}
