//! The runtime of redis-components: Redis connections that follow their servers.
//!
//! An application has many kinds of Redis data, each on its own server: its *components*. The
//! address of each server is a JSON value on a *config server*, under `config:redis:<component>`.
//! On each call of a component's function this crate makes sure that the config is current, and
//! reuses or replaces the component's client. To move a component, SET its key: nothing restarts,
//! no call is lost, and no client stays on the old server.
//!
//! Functions are ordinary Rust with a connection as their first parameter. `redis-components-build`
//! generates wrappers without it from `components.toml`, and [`include_components!`] includes them:
//!
//! ```ignore
//! redis_components::include_components!();
//!
//! logs::log_recent("main", "User 235 logged in").await?;
//! ```
//!
//! - [`Settings`] names the config server, if neither `REDIS_CONFIG_URL` nor the manifest does.
//! - [`Credentials`] gives logins that expire, such as tokens of a cloud service.
//! - [`Policy`] bounds which servers a config can send the process to.
//! - [`Connection`] and [`blocking::Connection`] are the first parameters of functions.
//! - [`Subscriber`] is the first parameter of functions that hear what is published, also while the
//!   component moves.
//! - [`ComponentConfig`] is the JSON; [`get_config`] and [`set_config`] read and write it.
//! - [`check`] tries a config before it is written, and [`ComponentConfig::digest`] names one.
//! - [`status`] shows the server of every component; swaps, refused configs and lost servers are
//!   `tracing` events.
//! - [`Error`] says what to do, and [`Error::of`] finds it inside the errors of wrapped functions.
//!
//! # Features
//!
//! `cluster`, `sentinel` and `tls` are for servers of these kinds, and on by default. A build
//! without one refuses a config that needs it, with the feature's name. `connection-manager`, on by
//! default, is for functions that take a `redis::aio::ConnectionManager`. `metrics` reports to the
//! `metrics` facade. `spans` makes a `tracing` span for each command.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(feature = "cluster", feature = "sentinel")),
    allow(dead_code, reason = "some parts serve clusters or sentinels only")
)]

#[doc(hidden)]
pub mod __private;
mod background;
mod backoff;
pub mod blocking;
mod check;
mod client;
mod clock;
mod component;
mod config;
mod config_server;
mod connection;
mod declaration;
mod error;
mod fork;
#[cfg(test)]
mod generated;
mod macros;
mod os_thread;
mod parameter;
pub mod receipts;
mod registry;
mod remote_config;
mod scope;
mod settings;
mod shutdown;
mod slot;
mod status;
mod sync;
mod telemetry;
mod transport;

pub use redis;

pub use self::check::{CheckedServer, ServerRole, check, open_connection};
pub use self::component::Component;
pub use self::config::{ComponentConfig, TlsOptions, TlsVersion};
pub use self::connection::Connection;
pub use self::connection::subscriber::Subscriber;
pub use self::connection::subscriber::event::SubscriberEvent;
pub use self::error::errors::Errors;
pub use self::error::{Error, ErrorKind};
pub use self::remote_config::{get_config, set_config};
pub use self::scope::Scope;
pub use self::settings::Settings;
pub use self::settings::credentials::{Credentials, CredentialsError, Login};
pub use self::settings::policy::Policy;
pub use self::shutdown::shutdown;
pub use self::status::{
    CandidateStatus, ComponentStatus, ConfigSource, CurrentConfig, EndpointKind, LastGood,
    SentinelsStatus, Status, status,
};
#[cfg(feature = "metrics")]
pub use self::telemetry::names::describe_metrics;
