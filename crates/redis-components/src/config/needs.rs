//! What a config needs that stands elsewhere.

use super::component_config::ComponentConfig;
use super::endpoint::Endpoint;
use super::reference::Reference;
use super::tls::TlsOptions;
use super::written_login::WrittenLogin;

/// Something that a config needs and that stands elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needed {
    /// The name of the field that refers to it.
    pub(crate) field: String,
    pub(crate) at: Reference,
    pub(crate) kind: ContentKind,
}

/// What is made of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentKind {
    /// A user name, which is shown to people elsewhere, so that it is one line.
    Name,
    Password,
    /// Certificates or a key.
    Pem,
}

impl ComponentConfig {
    /// Returns all that the config needs and that stands elsewhere.
    pub(crate) fn needs(&self) -> Vec<Needed> {
        let mut needed = Vec::new();
        if self.disabled {
            return needed;
        }
        add_login(&mut needed, "", &self.login);
        add_files(&mut needed, "", self.tls.as_ref());
        if let Endpoint::Sentinels(sentinels) = &self.endpoint {
            const PREFIX: &str = "sentinel_";
            add_login(&mut needed, PREFIX, &sentinels.login);
            add_files(&mut needed, PREFIX, sentinels.tls.as_ref());
        }
        needed
    }
}

fn add_login(needed: &mut Vec<Needed>, prefix: &str, login: &WrittenLogin) {
    let [username, password] = login.references();
    for (name, at, kind) in [
        ("username", username, ContentKind::Name),
        ("password", password, ContentKind::Password),
    ] {
        if let Some(at) = at {
            needed.push(Needed {
                field: format!("{prefix}{name}"),
                at: at.clone(),
                kind,
            });
        }
    }
}

fn add_files(needed: &mut Vec<Needed>, prefix: &str, tls: Option<&TlsOptions>) {
    // Without the feature the config is refused, whatever is in its files.
    let Some(tls) = tls.filter(|_| cfg!(feature = "tls")) else {
        return;
    };
    // Whom to trust means nothing if nobody is verified.
    let authorities = tls.ca_file.as_ref().filter(|_| tls.verifies_certificate);
    for (name, path) in [
        ("ssl_ca_certs", authorities),
        ("ssl_certfile", tls.cert_file.as_ref()),
        ("ssl_keyfile", tls.key_file.as_ref()),
    ] {
        if let Some(path) = path {
            needed.push(Needed {
                field: format!("{prefix}{name}"),
                at: Reference::File(path.clone()),
                kind: ContentKind::Pem,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ComponentConfig;

    #[test]
    fn r7_all_that_stands_elsewhere_is_needed() {
        let of = |text| {
            let config = ComponentConfig::from_json(text).unwrap();
            let needs = config.needs().into_iter();
            needs.map(|needed| needed.field).collect::<Vec<_>>()
        };
        assert_eq!(of(r#"{"host": "h", "password": "p"}"#), [""; 0]);
        assert_eq!(
            of(r#"{"disabled": true, "password": {"env": "P"}}"#),
            [""; 0]
        );
        let all = r#"{"sentinels": ["s"], "service_name": "logs", "username": {"env": "U"},
            "password": {"file": "/p"}, "sentinel_username": {"env": "U"},
            "sentinel_password": {"env": "P"}}"#;
        assert_eq!(
            of(all),
            [
                "username",
                "password",
                "sentinel_username",
                "sentinel_password"
            ]
        );
        #[cfg(feature = "tls")]
        assert_eq!(
            of(r#"{"host": "h", "ssl": true, "ssl_ca_certs": "/a", "ssl_certfile": "/b"}"#),
            ["ssl_ca_certs", "ssl_certfile"]
        );
    }
}
