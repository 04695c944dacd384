#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
//! A golden case.

#[allow(clippy::missing_errors_doc, clippy::unused_async, clippy::ptr_arg)]
pub mod functions {
    //! Written by hand.
    pub mod twins;

    #[cfg(not(feature = "extra"))]
    #[path = "paths/one.rs"]
    pub mod platform;
    #[cfg(feature = "extra")]
    #[path = "paths/other.rs"]
    pub mod platform;

    #[cfg_attr(feature = "extra", path = "paths/fourth.rs")]
    #[cfg_attr(not(feature = "extra"), path = "paths/third.rs")]
    pub mod chosen;

    mod prelude {
        #[cfg(not(feature = "extra"))]
        pub(crate) type Globbed = u8;
        #[allow(dead_code)]
        #[cfg(feature = "extra")]
        pub(crate) type Unused = u8;
    }
}

include!("../expected.rs");
