//! Real redis-servers, and a proxy with the network's faults, for tests, examples and the demo.
//!
//! A [`Server`] listens on a free port of 127.0.0.1, keeps its files in a temporary directory and is gone when it is
//! dropped, or when the process that started it ends in any other way:
//!
//! ```
//! use redis_components_testing::Server;
//!
//! let server = Server::start();
//! server.command(&["LPUSH", "recent:main:info", "started"]);
//! assert_eq!(server.command_calls("lpush"), 1);
//! ```
//!
//! The binary is the one named by `REDISRS_SERVER_BIN`, else `redis-server` from `PATH`; `cargo xtask test` installs
//! one where there is none. Unix only, as Redis itself is.

mod binary;
mod control;
mod guard;
mod observe;
mod process;
mod proxy;
mod reserved;
mod server;
mod startup;
mod worker;

pub use proxy::Proxy;
pub use server::Server;
