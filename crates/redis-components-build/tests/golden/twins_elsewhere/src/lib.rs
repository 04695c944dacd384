#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
//! A golden case.

#[allow(clippy::missing_errors_doc, clippy::unused_async)]
pub mod functions {
    //! Written by hand.
    pub mod twins_elsewhere;
    mod types {
        #[cfg(not(feature = "extra"))]
        pub(super) type Conn = redis_components::Connection;
        #[cfg(feature = "extra")]
        pub(super) type Conn = redis::aio::MultiplexedConnection;

        #[cfg(not(feature = "extra"))]
        pub(super) type Inner = u64;
        #[cfg(feature = "extra")]
        pub(super) type Inner = String;
        pub(super) type Outer = Vec<Inner>;

        #[cfg(all(unix, not(feature = "extra")))]
        pub(super) type Three = u8;
        #[cfg(all(unix, feature = "extra"))]
        pub(super) type Three = u16;
        #[cfg(windows)]
        pub(super) type Three = u32;

        #[cfg(not(feature = "extra"))]
        pub(super) type Pair<T> = (T, T);
        #[cfg(feature = "extra")]
        pub(super) type Pair<T> = [T; 2];

        #[cfg(not(feature = "extra"))]
        mod one {
            pub(crate) type Deep = u8;
        }
        #[cfg(feature = "extra")]
        mod two {
            pub(crate) type Deep = i8;
        }
        #[cfg(not(feature = "extra"))]
        pub(super) use one::Deep;
        #[cfg(feature = "extra")]
        pub(super) use two::Deep;
    }
}

include!("../expected.rs");
