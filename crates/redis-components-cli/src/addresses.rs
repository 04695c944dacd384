//! Addresses of config servers, as they are written.

use redis_components::ComponentConfig;

use crate::failure::Failure;

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
        Ok(servers) if servers.is_empty() => {
            Err(Failure::usage(format!("{origin} names no config server")))
        }
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
