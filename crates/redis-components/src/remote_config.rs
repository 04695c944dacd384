//! Reading and writing a component's config, as in *Redis in Action* 5.4.1.

use redis::RedisError;

use crate::component::Component;
use crate::config::ComponentConfig;
use crate::error::{Error, ErrorKind};
use crate::slot::Slot;

/// Returns the component's config as it is on the config server now.
///
/// # Errors
///
/// Returns an error if there is no config, if it is not valid, or if the config server does not
/// answer.
pub async fn get_config(component: &Component) -> Result<ComponentConfig, Error> {
    let slot = component.slot()?;
    read(&slot).await
}

/// Writes the component's config to the config server.
///
/// When this returns, this process uses the config from the next call on, if the server that it
/// names answers. Other processes follow within the component's `wait`. A process that runs a
/// canary's config goes on with that.
///
/// # Errors
///
/// Returns an error if the config is not valid, or the config server does not take it. After a
/// timeout it may or may not be written.
pub async fn set_config(component: &Component, config: &ComponentConfig) -> Result<(), Error> {
    let slot = component.slot()?;
    slot.demand_open()?;
    let about =
        |error: Error, server: Option<&str>| error.about(component.name(), slot.key(), server);
    let Some(server) = slot.server() else {
        let text = "its config is given by `Settings::fixed` and cannot be set";
        return Err(about(Error::new(ErrorKind::Settings, text), None));
    };
    let text = config.to_json();
    // The builder takes any host and port, and every process would refuse a config that does not
    // parse.
    ComponentConfig::from_json(&text).map_err(|error| about(error, None))?;
    let address = server.address();
    let written = server.write(slot.key(), text).await;
    written.map_err(|failure| {
        if let Err(shut_down) = slot.demand_open() {
            return shut_down;
        }
        let kind = failure.cause.error_kind_of_config_server();
        let does = match kind {
            ErrorKind::ConfigServerRefused => "does not take",
            ErrorKind::ConfigServerUnreachable => "did not acknowledge",
            _ => "is not asked to take",
        };
        let code = failure.source.as_ref().and_then(RedisError::code);
        let reason = match code {
            Some("READONLY") => "it is a replica; write to its primary",
            _ => &failure.message,
        };
        let text = format!("the config server {address} {does} the config: {reason}");
        about(Error::new(kind, text), Some(&address))
    })?;
    read(&slot).await.map(drop)
}

async fn read(slot: &Slot) -> Result<ComponentConfig, Error> {
    if slot.server().is_some() {
        slot.watched().read().await;
    }
    // A watch that has ended reads nothing.
    slot.demand_open()?;
    let target = slot.watched().target();
    // A process that runs a canary's config must not write it back for all.
    let own = target.own.as_ref().or(target.config.as_ref());
    match (own, &target.problem) {
        (Some(config), None) => Ok(ComponentConfig::clone(config).with_contents(None)),
        _ => Err(slot.no_config(&target)),
    }
}
