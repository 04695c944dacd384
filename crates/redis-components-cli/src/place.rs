//! Where the config server is, and how configs are named there.

use std::path::Path;

use redis_components::ComponentConfig;

use crate::cli::Global;
use crate::failure::{Code, Failure};
use crate::manifest::Manifest;
use crate::names::Names;
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
                "--config-server holds a password, which every user of this machine can see; put it into \
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
                    "REDIS_CONFIG_URL and the profile of REDIS_COMPONENTS_PROFILE name different config servers; \
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
        "nothing says where the config server is; give --config-server, REDIS_CONFIG_URL, a profile, or `url` under \
         [config-server] in components.toml",
    )
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads a URL, several URLs with commas between them, or a config as JSON.
///
/// # Errors
///
/// Returns an error that shows none of the text.
pub(crate) fn read(text: &str, origin: &str) -> Result<Vec<ComponentConfig>, Failure> {
    let text = text.trim();
    let parsed: Result<Vec<_>, _> = if text.starts_with('{') {
        ComponentConfig::from_json(text)
            .map(|config| vec![config])
            .map_err(|error| error.to_string())
    } else if text.starts_with('[') {
        let texts = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(text);
        texts
            .map_err(|_| "the value is not a JSON array".to_owned())
            .and_then(|texts| {
                let configs = texts
                    .into_iter()
                    .map(|text| ComponentConfig::from_json(text.get()));
                configs
                    .collect::<Result<_, _>>()
                    .map_err(|error| error.to_string())
            })
    } else {
        urls(text)
            .into_iter()
            .map(ComponentConfig::from_url)
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())
    };
    match parsed {
        Ok(servers) if servers.is_empty() => Err(no_server()),
        Ok(servers) => Ok(servers),
        Err(error) => Err(Failure::usage(format!("{origin}: {error}"))),
    }
}

/// Splits at the commas before a scheme: a password may have commas in it.
fn urls(text: &str) -> Vec<&str> {
    let mut urls = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(comma) = rest[from..].find(',').map(|at| from + at) {
        let behind = rest[comma + 1..].trim_start();
        let scheme = behind.split_once("://").map_or("", |(scheme, _)| scheme);
        if !scheme.is_empty()
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'+')
        {
            urls.push(rest[..comma].trim_end());
            rest = behind;
            from = 0;
        } else {
            from = comma + 1;
        }
    }
    urls.push(rest);
    urls
}

fn has_password(config: &ComponentConfig) -> bool {
    let json: serde_json::Value = serde_json::from_str(&config.to_json()).unwrap_or_default();
    json["password"].is_string()
}

/// Returns the text of a file.
///
/// # Errors
///
/// Returns an error that names the file.
pub(crate) fn read_file(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let path = crate::text::printable(&path.to_string_lossy());
        Failure::new(Code::Unreadable, format!("cannot read {path}: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::urls;

    #[test]
    fn several_urls_are_told_apart() {
        assert_eq!(urls("redis://a"), ["redis://a"]);
        assert_eq!(urls("redis://a, rediss://b"), ["redis://a", "rediss://b"]);
        assert_eq!(
            urls("redis://:p,q@a,redis://b"),
            ["redis://:p,q@a", "redis://b"]
        );
    }
}
