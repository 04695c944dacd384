//! What applications write, and what generated code needs as a macro.

/// Includes the modules that redis-components-build generated from `components.toml`: one for each component, beside
/// `COMPONENTS`, `connect_all()` and `connect_all_blocking()`. To be called where they shall be, at the root of the crate or
/// in a module.
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

/// Whether the type given is a `Result`.
#[doc(hidden)]
#[macro_export]
macro_rules! __is_result {
    ($returned:ty) => {{
        use $crate::__private::NoResult as _;
        $crate::__private::IsResult::<$returned>::IS
    }};
}

/// A function that converts our error to that of the `Result` type given.
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
