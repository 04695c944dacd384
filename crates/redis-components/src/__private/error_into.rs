//! Our error as the error type of a wrapped function: through `From<Error>` or else through
//! `From<RedisError>`.
//!
//! Method resolution tries a receiver as it is, then with one more reference, then without its own.
//! That order picks one of several overlapping conversions, without specialization (David Tolnay,
//! "Autoref-based stable specialization").

use std::marker::PhantomData;

use redis::RedisError;

use crate::error::Error;

/// The result of a function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Result`",
    note = "a return type whose name ends in `Result` is taken for one by redis-components-build, unless the manifest \
            says `returns = \"value\"` for the function"
)]
pub trait Outcome {
    /// The type of its error.
    type Error;
}

impl<T, E> Outcome for Result<T, E> {
    type Error = E;
}

/// Converts to `E`.
#[derive(Debug)]
pub struct ErrorInto<E>(PhantomData<fn() -> E>);

impl<E> ErrorInto<E> {
    /// The converter.
    pub const NEW: Self = Self(PhantomData);
}

/// The first choice.
pub trait ViaError<E> {
    /// Converts `error`.
    fn convert(&self, error: Error) -> E;
}

impl<E: From<Error>> ViaError<E> for &ErrorInto<E> {
    fn convert(&self, error: Error) -> E {
        error.into()
    }
}

/// The second choice.
pub trait ViaRedisError<E> {
    /// Converts `error`.
    fn convert(&self, error: Error) -> E;
}

impl<E: From<RedisError>> ViaRedisError<E> for &&ErrorInto<E> {
    fn convert(&self, error: Error) -> E {
        RedisError::from(error).into()
    }
}

/// An error type that can be made from ours. No type implements this trait, because a type that
/// could is picked earlier.
#[diagnostic::on_unimplemented(
    message = "the error type `{Self}` cannot say that a component has no connection",
    label = "the wrapper has to make one if there is no connection",
    note = "implement `From<redis_components::Error>` for it, or `From<redis::RedisError>`"
)]
pub trait FromComponentError {
    /// Converts `error`.
    fn from_component_error(error: Error) -> Self;
}

/// The last choice. Its error message says what is missing.
pub trait ViaNothing<E> {
    /// Converts `error`.
    fn convert(&self, error: Error) -> E
    where
        E: FromComponentError;
}

impl<E> ViaNothing<E> for ErrorInto<E> {
    fn convert(&self, error: Error) -> E
    where
        E: FromComponentError,
    {
        E::from_component_error(error)
    }
}
