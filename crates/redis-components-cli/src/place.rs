//! Where the config server is, and how configs are named there.

use redis_components::ComponentConfig;

use crate::addresses::read;
use crate::failure::{Code, Failure};
use crate::manifest::Manifest;
use crate::names::Names;
use crate::options::Global;
use crate::profile::Profile;

/// The config server, and the names of configs on it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Never empty; the first that answers is used.
    pub(crate) servers: Vec<ComponentConfig>,
    pub(crate) names: Names,
}

impl Place {
    /// Finds the config server that the options, the environment, a profile or the manifest names.
    ///
    /// # Errors
    ///
    /// Returns an error if nothing names one, or what names it cannot be understood.
    pub(crate) fn find(global: &Global) -> Result<Self, Failure> {
        let manifest = Manifest::find(global.manifest.as_deref())?;
        let (servers, prefix) = servers(global, &manifest)?;
        let prefix = global.key_prefix.clone().or(prefix);
        let names = Names::new(
            prefix.or_else(|| manifest.key_prefix.clone()),
            manifest.keys,
        );
        Ok(Self { servers, names })
    }
}

/// Returns the servers, and the prefix of a profile.
fn servers(
    global: &Global,
    manifest: &Manifest,
) -> Result<(Vec<ComponentConfig>, Option<String>), Failure> {
    if let Some(text) = &global.config_server {
        let servers = read(text, "--config-server")?;
        if servers.iter().any(has_password) {
            return Err(Failure::new(
                Code::SecretInArguments,
                "--config-server holds a password, which every user of this machine can see; \
                put it into \
                 REDIS_CONFIG_URL or a profile",
            ));
        }
        return Ok((servers, None));
    }
    if let Some(name) = &global.profile {
        return Profile::read(Some(name))?.ok_or_else(no_server)?.servers();
    }
    let from_environment = variable("REDIS_CONFIG_URL")
        .map(|text| read(&text, "REDIS_CONFIG_URL"))
        .transpose()?;
    let named = variable("REDIS_COMPONENTS_PROFILE");
    if let Some(servers) = from_environment {
        if let Some(name) = named {
            let profile = Profile::read(Some(&name))?.ok_or_else(no_server)?;
            if profile.servers()?.0 != servers {
                return Err(Failure::usage(
                    "REDIS_CONFIG_URL and the profile of REDIS_COMPONENTS_PROFILE name \
                    different config servers; \
                     unset one of them",
                ));
            }
        }
        return Ok((servers, None));
    }
    if let Some(profile) = Profile::read(named.as_deref())? {
        return profile.servers();
    }
    match &manifest.url {
        Some(url) => Ok((read(url, "`url` in components.toml")?, None)),
        None => Err(no_server()),
    }
}

fn no_server() -> Failure {
    Failure::new(
        Code::NoConfigServer,
        "nothing says where the config server is; give --config-server, REDIS_CONFIG_URL, a \
        profile, or `url` under \
         [config-server] in components.toml",
    )
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn has_password(config: &ComponentConfig) -> bool {
    let json: serde_json::Value = serde_json::from_str(&config.to_json()).unwrap_or_default();
    json["password"].is_string()
}
