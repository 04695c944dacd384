//! Real Redis servers, and a proxy that makes network faults, for tests, examples and the demo.
//!
//! A [`Server`] listens on a free port of 127.0.0.1 and keeps its files in a temporary directory.
//! It ends when it is dropped, or when the process that started it ends for any other reason:
//!
//! ```
//! use redis_components_testing::Server;
//!
//! let server = Server::start();
//! server.command(&["LPUSH", "recent:main:info", "started"]);
//! assert_eq!(server.command_calls("lpush"), 1);
//! ```
//!
//! With [`Server::builder`] it speaks TLS, with certificates of [`Tls`], or listens on a unix socket.
//! A [`Cluster`] is Redis Cluster, whose nodes fail over and exchange slots.
//! [`Sentinels`] watch a primary and its replicas.
//! A [`FakeServer`] is not Redis: it counts executions and fails on demand.
//!
//! The binary is `REDISRS_SERVER_BIN` if that is set, otherwise `redis-server` from `PATH`.
//! `cargo xtask test` installs a Redis server if there is none. Unix only, as Redis itself is.

mod binary;
mod builder;
mod cluster;
mod control;
mod fake;
mod guard;
mod observe;
mod plan;
mod process;
mod proxy;
mod python;
mod reserved;
mod sentinels;
mod server;
mod startup;
mod tls;
mod together;
mod wait;
mod worker;

pub use builder::ServerBuilder;
pub use cluster::cluster::Cluster;
pub use cluster::migration::Migration;
pub use cluster::options::ClusterBuilder;
pub use fake::fault::Fault;
pub use fake::server::FakeServer;
pub use proxy::Proxy;
pub use python::python;
pub use sentinels::options::SentinelsBuilder;
pub use sentinels::sentinels::Sentinels;
pub use server::Server;
pub use tls::Tls;
pub use tls::flaw::Flaw;
pub use tls::identity::Identity;
