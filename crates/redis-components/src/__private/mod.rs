//! The items that generated code uses. Nobody else may use them: they change without notice,
//! together with the generator.

mod call;
mod connect_all;
mod error_into;
mod is_result;

pub use self::call::{Call, begin};
pub use self::connect_all::{connect_all, connect_all_blocking};
pub use self::error_into::{
    ErrorInto, FromComponentError, Outcome, ViaError, ViaNothing, ViaRedisError,
};
pub use self::is_result::{IsResult, NoResult, Plain, Returns};
use crate::component::Component;
pub use crate::declaration::Declaration;
pub use crate::parameter::dedicated::{AcquireDedicated, AcquireDedicatedBlocking, Dedicated};
pub use crate::parameter::{Acquire, AcquireBlocking};

/// The version of the interface between generated code and this crate.
const VERSION: u32 = 3;

/// Fails to compile if generator and runtime do not fit together.
///
/// # Panics
///
/// Panics at compile time if the versions differ.
pub const fn assert_generated_for(version: u32) {
    assert!(
        version == VERSION,
        "the generated code and redis-components do not fit: use the same version of redis-components and \
         redis-components-build"
    );
}

/// Returns a component, as declared.
#[must_use]
pub const fn component(declaration: Declaration) -> Component {
    Component::new(declaration)
}
