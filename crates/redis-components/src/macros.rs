//! The macro that applications write, and the macros that generated code needs.

/// Includes the modules that redis-components-build generated from `components.toml`: one for each
/// component, beside `COMPONENTS`, `connect_all()` and `connect_all_blocking()`. Call it at the
/// root of the crate, or in the module that holds them.
///
/// With an argument, includes the file of that name, as given to the generator's `out_file`.
#[macro_export]
macro_rules! include_components {
    () => {
        $crate::include_components!("components.rs");
    };
    ($file:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $file));
    };
}

/// Is `true` if the given type is a `Result`.
#[doc(hidden)]
#[macro_export]
macro_rules! __is_result {
    ($returned:ty) => {{
        use $crate::__private::NoResult as _;
        $crate::__private::IsResult::<$returned>::IS
    }};
}

/// A function that converts our error to the error of the given `Result` type.
#[doc(hidden)]
#[macro_export]
macro_rules! __error_into {
    ($result:ty) => {
        |error: $crate::Error| {
            use $crate::__private::{ViaError as _, ViaNothing as _, ViaRedisError as _};
            (&&$crate::__private::ErrorInto::<<$result as $crate::__private::Outcome>::Error>::NEW)
                .convert(error)
        }
    };
}
