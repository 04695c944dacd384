//! `redis://user:password@host:port/db`.

use redis::{ConnectionAddr, IntoConnectionInfo};

use super::{ComponentConfig, Secret};

/// The config that `text` means, or why it cannot be used, without showing it: it may hold a password.
pub(super) fn parse(text: &str) -> Result<ComponentConfig, String> {
    const FORM: &str = "write it as redis://user:password@host:port/db";

    match text.split_once("://").map(|(scheme, _)| scheme) {
        Some("redis" | "valkey") => {}
        Some("rediss" | "valkeys") => {
            return Err("the url asks for TLS, which this version does not support".into());
        }
        Some("unix" | "redis+unix" | "valkey+unix") => {
            return Err("the url names a unix socket, which this version does not support".into());
        }
        _ => return Err(format!("the url does not begin with redis://; {FORM}")),
    }
    let info = text
        .into_connection_info()
        .map_err(|error| format!("the url is not valid ({}); {FORM}", error.category()))?;
    let ConnectionAddr::Tcp(host, port) = info.addr() else {
        return Err(format!("the url does not name a host and port; {FORM}"));
    };
    if *port == 0 {
        return Err("the url's port is 0; name one from 1 to 65535".into());
    }
    let settings = info.redis_settings();
    let db = u32::try_from(settings.db())
        .map_err(|_| "the url's database is not a number from 0 up".to_owned())?;
    let mut config = ComponentConfig::new(host).port(*port).db(db);
    config.username = settings.username().map(str::to_owned);
    config.password = settings.password().map(Secret::new);
    Ok(config)
}
