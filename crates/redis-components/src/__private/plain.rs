//! Return types that are no `Result`, as far as their name tells; where it does not, the compiler does.

use std::marker::PhantomData;

/// Asks of a type whether it is a `Result`: [`IS`](NoResult::IS) of its own is found before that of the trait.
#[derive(Debug)]
pub struct IsResult<T>(PhantomData<fn() -> T>);

/// What is true of all other types.
pub trait NoResult {
    /// Whether it is a `Result`.
    const IS: bool = false;
}

impl<T> NoResult for IsResult<T> {}

impl<T, E> IsResult<Result<T, E>> {
    /// Whether it is a `Result`.
    pub const IS: bool = true;
}

/// A return type, of which is known whether it is a `Result`.
#[derive(Debug)]
pub struct Returns<const IS_RESULT: bool>;

/// A return type that a wrapper puts into a `Result`.
///
/// ```
/// # use redis_components::__private::{Plain, Returns};
/// fn is_plain<const IS_RESULT: bool>() where Returns<IS_RESULT>: Plain {}
/// is_plain::<{ redis_components::__is_result!(Option<u64>) }>();
/// ```
///
/// ```compile_fail,E0277
/// # use redis_components::__private::{Plain, Returns};
/// type Outcome = redis_components::redis::RedisResult<()>;
/// fn is_plain<const IS_RESULT: bool>() where Returns<IS_RESULT>: Plain {}
/// is_plain::<{ redis_components::__is_result!(Outcome) }>();
/// ```
#[diagnostic::on_unimplemented(
    message = "this function returns a `Result` under a name that does not say so",
    label = "the wrapper would return a `Result` in a `Result`",
    note = "give the function `returns = \"result\"` in components.toml"
)]
pub trait Plain {}

impl Plain for Returns<false> {}
