//! The blocking half: the same components for code without a tokio runtime.

use std::time::Duration;

use crate::component::Component;
use crate::config::ComponentConfig;
pub use crate::connection::blocking::Connection;
use crate::error::Error;
use crate::remote_config;
use crate::shutdown::shutdown_blocking;

/// The blocking form of [`get_config`](crate::get_config).
///
/// # Errors
///
/// As [`get_config`](crate::get_config).
pub fn get_config(component: &Component) -> Result<ComponentConfig, Error> {
    pollster::block_on(remote_config::get_config(component))
}

/// The blocking form of [`set_config`](crate::set_config).
///
/// # Errors
///
/// As [`set_config`](crate::set_config).
pub fn set_config(component: &Component, config: &ComponentConfig) -> Result<(), Error> {
    pollster::block_on(remote_config::set_config(component, config))
}

/// The blocking form of [`shutdown`](crate::shutdown).
///
/// # Errors
///
/// As [`shutdown`](crate::shutdown).
pub fn shutdown(deadline: Duration) -> Result<usize, Error> {
    shutdown_blocking(deadline)
}
