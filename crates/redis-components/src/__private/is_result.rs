//! Tells if a return type is a `Result`. The generator knows only the type's name, and the compiler
//! knows the type.

use std::marker::PhantomData;

/// Tells if a type is a `Result`. The compiler finds a type's own [`IS`](NoResult::IS) before the
/// trait's.
#[derive(Debug)]
pub struct IsResult<T>(PhantomData<fn() -> T>);

/// Every other type.
pub trait NoResult {
    /// Whether it is a `Result`.
    const IS: bool = false;
}

impl<T> NoResult for IsResult<T> {}

impl<T, E> IsResult<Result<T, E>> {
    /// Whether it is a `Result`.
    pub const IS: bool = true;
}

/// The answer for a return type: `true` if it is a `Result`.
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
