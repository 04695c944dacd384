//! Reading and writing a component's config, as in *Redis in Action* 5.4.1.

use crate::slot::Slot;
use crate::{Component, ComponentConfig, Error, ErrorKind};

/// The component's config as it is on the config server now.
///
/// # Errors
///
/// Where there is none, it is not valid, or the config server does not answer.
pub async fn get_config(component: &Component) -> Result<ComponentConfig, Error> {
    let slot = component.slot()?;
    read(&slot).await
}

/// Writes the component's config to the config server. When it returns, this process uses it from the next call on, if
/// the server it names answers; the others follow within the component's `wait`.
///
/// # Errors
///
/// Where the config is not valid, or the config server does not take it. After a time-out it may or may not be written.
pub async fn set_config(component: &Component, config: &ComponentConfig) -> Result<(), Error> {
    let slot = component.slot()?;
    let about =
        |error: Error, server: Option<&str>| error.about(component.name(), slot.key(), server);
    let Some(server) = slot.server() else {
        let text = "its config is given by `Settings::fixed` and cannot be set";
        return Err(about(Error::new(ErrorKind::Settings, text), None));
    };
    let text = config.to_json();
    // What every process would refuse must not be written: the builder takes any host and any port.
    ComponentConfig::from_json(&text).map_err(|error| about(error, None))?;
    let address = server.address();
    server.write(slot.key(), text).await.map_err(|failure| {
        let (kind, does) = if failure.is_refusal() {
            (ErrorKind::ConfigServerRefused, "does not take")
        } else {
            (ErrorKind::ConfigServerUnreachable, "did not acknowledge")
        };
        let reason = &failure.message;
        let text = format!("the config server {address} {does} the config: {reason}");
        about(Error::new(kind, text), Some(address))
    })?;
    read(&slot).await.map(drop)
}

async fn read(slot: &Slot) -> Result<ComponentConfig, Error> {
    if slot.server().is_some() {
        slot.watched().read().await;
    }
    let target = slot.watched().target();
    match (&target.config, &target.problem) {
        (Some(config), None) => Ok(ComponentConfig::clone(config)),
        _ => Err(slot.no_config(&target)),
    }
}
