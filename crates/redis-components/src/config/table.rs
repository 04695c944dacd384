//! Every field that a config may have. Parsing, suggestions, docs/config.md and the JSON Schema
//! come from this table.

use super::field::{Field, Kind};
use super::{table_sentinels, table_tls};

/// Names that begin with this belong to the user, and are ignored.
pub(super) const OWN_PREFIX: &str = "x-";

pub(super) const DISABLED: Field = Field {
    default: "`false`",
    ..Field::used(
        "disabled",
        Kind::Flag,
        "`true` switches the component off; nothing else is required then",
        &["off"],
    )
};
pub(super) const HOST: Field = Field {
    default: "required",
    ..Field::used(
        "host",
        Kind::Text,
        "the server's name or address; `[::1]` means `::1`",
        &["hostname", "server", "address", "addr", "ip"],
    )
};
pub(super) const PORT: Field = Field {
    default: "6379",
    ..Field::used(
        "port",
        Kind::Whole {
            least: 1,
            most: 65_535,
        },
        "the server's port",
        &[],
    )
};
pub(super) const DB: Field = Field {
    default: "0",
    ..Field::used(
        "db",
        Kind::Whole {
            least: 0,
            most: u32::MAX as u64,
        },
        "the database's number",
        &["database", "database_number"],
    )
};
pub(super) const USERNAME: Field = Field::used(
    "username",
    Kind::TextOrReference,
    "the ACL user to log in as, with an empty password if `password` is absent",
    &["user", "login", "user_name"],
);
pub(super) const PASSWORD: Field = Field::used(
    "password",
    Kind::TextOrReference,
    "the password to log in with",
    &["pass", "pwd", "auth", "secret"],
);
pub(super) const URL: Field = Field::used(
    "url",
    Kind::Text,
    "`redis://user:password@host:port/db` instead of the five fields above",
    &["redis_url", "dsn"],
);
pub(super) const SOCKET_TIMEOUT: Field = Field {
    default: "0.5, see `Settings::response_timeout`",
    ..Field::used(
        "socket_timeout",
        Kind::Seconds,
        "how long a command may take",
        &[
            "timeout",
            "read_timeout",
            "command_timeout",
            "response_timeout",
        ],
    )
};
pub(super) const SOCKET_CONNECT_TIMEOUT: Field = Field {
    default: "1, see `Settings::connect_timeout`",
    ..Field::used(
        "socket_connect_timeout",
        Kind::Seconds,
        "how long connecting may take",
        &["connect_timeout", "connection_timeout"],
    )
};
pub(super) const MAX_CONNECTIONS: Field = Field {
    default: "32",
    ..Field::used(
        "max_connections",
        Kind::Count,
        "the bound of the pool that blocking functions share",
        &["pool_size", "connections"],
    )
};
pub(super) const UNIX_SOCKET_PATH: Field = Field::used(
    "unix_socket_path",
    Kind::Path,
    "the path of the server's unix socket, instead of `host` and `port`",
    &["socket", "unix_socket", "socket_path"],
);
pub(super) const PATH: Field = Field::used(
    "path",
    Kind::Path,
    "the same, as redis-py's connections name it",
    &[],
);
pub(super) const CLIENT_NAME: Field = Field::used(
    "client_name",
    Kind::Text,
    "the name of the connections, as `CLIENT LIST` shows it, by default `<application>:<component>:<instance>`; a server that refuses it is used all the same",
    &["connection_name"],
);
pub(super) const CLUSTER: Field = Field::used(
    "cluster",
    Kind::Servers,
    "nodes of a cluster, instead of `host` and `port`: they are asked for all others; `db` is 0",
    &["nodes", "cluster_nodes"],
);
pub(super) const STARTUP_NODES: Field = Field::used(
    "startup_nodes",
    Kind::Servers,
    "the same, as redis-py names it",
    &[],
);
pub(super) const REQUIRE_FULL_COVERAGE: Field = Field {
    default: "`true`",
    ..Field::used(
        "require_full_coverage",
        Kind::Flag,
        "`false`: a cluster is used even if some of its slots are not served",
        &[],
    )
};
pub(super) const READ_FROM: Field = Field {
    default: "`\"primary\"`",
    ..Field::used(
        "read_from",
        Kind::Either("\"primary\"", "\"replica\""),
        "the nodes of a cluster that commands go to which only read; a replica may be behind",
        &["read_preference"],
    )
};
pub(super) const READ_FROM_REPLICAS: Field = Field {
    default: "`false`",
    ..Field::used(
        "read_from_replicas",
        Kind::Flag,
        "`true` is `read_from: \"replica\"`, as redis-py names it",
        &[],
    )
};

/// All fields, in the order in which the documentation shows them.
pub(super) const FIELDS: &[Field] = &[
    HOST,
    PORT,
    DB,
    USERNAME,
    PASSWORD,
    URL,
    UNIX_SOCKET_PATH,
    PATH,
    SOCKET_TIMEOUT,
    SOCKET_CONNECT_TIMEOUT,
    MAX_CONNECTIONS,
    CLIENT_NAME,
    CLUSTER,
    STARTUP_NODES,
    REQUIRE_FULL_COVERAGE,
    READ_FROM,
    READ_FROM_REPLICAS,
    DISABLED,
    table_sentinels::SENTINELS,
    table_sentinels::SERVICE_NAME,
    table_sentinels::SENTINEL_USERNAME,
    table_sentinels::SENTINEL_PASSWORD,
    table_sentinels::SENTINEL_KWARGS,
    table_tls::SSL,
    table_tls::SSL_CA_CERTS,
    table_tls::SSL_CA_DATA,
    table_tls::SSL_CERTFILE,
    table_tls::SSL_KEYFILE,
    table_tls::SSL_SERVER_NAME,
    table_tls::SSL_MIN_VERSION,
    table_tls::SSL_CERT_REQS,
    table_tls::SSL_CHECK_HOSTNAME,
    table_sentinels::SENTINEL_SSL,
    table_sentinels::SENTINEL_SSL_CA_CERTS,
    table_sentinels::SENTINEL_SSL_CA_DATA,
    table_sentinels::SENTINEL_SSL_CERTFILE,
    table_sentinels::SENTINEL_SSL_KEYFILE,
    table_sentinels::SENTINEL_SSL_SERVER_NAME,
    table_sentinels::SENTINEL_SSL_MIN_VERSION,
    table_sentinels::SENTINEL_SSL_CERT_REQS,
    table_sentinels::SENTINEL_SSL_CHECK_HOSTNAME,
    Field::unusable_of_tls(
        "ssl_ca_path",
        "write the certificates into one file, and name it as `ssl_ca_certs`",
    ),
    Field::unusable_of_tls(
        "ssl_password",
        "decrypt the key, and protect its file by its permissions",
    ),
    Field::unusable_of_tls(
        "ssl_ciphers",
        "leave it out: no weak cipher is ever offered",
    ),
    Field::unusable_of_tls("ssl_include_verify_flags", table_tls::OF_OPENSSL),
    Field::unusable_of_tls("ssl_exclude_verify_flags", table_tls::OF_OPENSSL),
    Field::unusable_of_tls("ssl_validate_ocsp", table_tls::NO_OCSP),
    Field::unusable_of_tls("ssl_validate_ocsp_stapled", table_tls::NO_OCSP),
    Field::unusable_of_tls("ssl_ocsp_context", table_tls::NO_OCSP),
    Field::unusable_of_tls("ssl_ocsp_expected_cert", table_tls::NO_OCSP),
    Field::refused(
        "credential_provider",
        "credentials from elsewhere",
        "an object of redis-py that gives user and password",
    ),
    Field::refused(
        "connection_class",
        "a class of redis-py",
        "a class of redis-py that decides how to connect",
    ),
    Field::ignored("auto_close_connection_pool", OPTION),
    Field::ignored("cache", OPTION),
    Field::ignored("cache_config", OPTION),
    Field::ignored("cache_factory", OPTION),
    Field::ignored("charset", OPTION),
    Field::ignored("command_packer", OPTION),
    Field::ignored("connection_pool", OPTION),
    Field::ignored("decode_responses", OPTION),
    Field::ignored("driver_info", OPTION),
    Field::ignored("encoding", OPTION),
    Field::ignored("encoding_errors", OPTION),
    Field::ignored("errors", OPTION),
    Field::ignored("event_dispatcher", OPTION),
    Field::ignored("health_check_interval", OPTION),
    Field::ignored("himport_registry", OPTION),
    Field::ignored("legacy_responses", OPTION),
    Field::ignored("lib_name", OPTION),
    Field::ignored("lib_version", OPTION),
    Field::ignored("maint_notifications_config", OPTION),
    Field::ignored("maint_notifications_pool_handler", OPTION),
    Field::ignored("maintenance_notification_hash", OPTION),
    Field::ignored("maintenance_state", OPTION),
    Field::ignored("orig_host_address", OPTION),
    Field::ignored("orig_socket_connect_timeout", OPTION),
    Field::ignored("orig_socket_timeout", OPTION),
    Field::ignored("oss_cluster_maint_notifications_handler", OPTION),
    Field::ignored("parser_class", OPTION),
    Field::ignored("protocol", OPTION),
    Field::ignored("queue_class", OPTION),
    Field::ignored("redis_connect_func", OPTION),
    Field::ignored("retry", OPTION),
    Field::ignored("retry_on_error", OPTION),
    Field::ignored("retry_on_timeout", OPTION),
    Field::ignored("single_connection_client", OPTION),
    Field::ignored("socket_keepalive", OPTION),
    Field::ignored("socket_keepalive_options", OPTION),
    Field::ignored("socket_read_size", OPTION),
    Field::ignored("socket_type", OPTION),
    Field::ignored("comment", "a note for people"),
    Field::ignored("version", "a number or text of your own"),
];

const OPTION: &str = "an option of redis-py";

/// Returns the field of that name.
pub(super) fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// The longest name that is taken for a mistake.
const LONGEST_MISTAKE: usize = 64;

/// Returns the field that somebody who wrote `name` probably meant.
pub(super) fn nearest(name: &str) -> Option<&'static Field> {
    // To compare a long name takes long.
    if name.len() > LONGEST_MISTAKE {
        return None;
    }
    let name = name.trim().to_lowercase().replace('-', "_");
    let other_word = |field: &&Field| field.also.contains(&name.as_str());
    // A third of the letters may be wrong, so that short names are not taken for each other.
    let most_errors = (name.chars().count() / 3).clamp(1, 3);
    FIELDS.iter().find(other_word).or_else(|| {
        FIELDS
            .iter()
            .map(|field| (strsim::damerau_levenshtein(&name, field.name), field))
            .filter(|(errors, _)| *errors <= most_errors)
            .min_by_key(|(errors, _)| *errors)
            .map(|(_, field)| field)
    })
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, find, nearest};

    #[test]
    fn every_field_is_found_by_its_name_and_there_is_one_of_each() {
        for field in FIELDS {
            let alike = FIELDS.iter().filter(|other| other.name == field.name);
            assert_eq!(alike.count(), 1, "{}", field.name);
            assert_eq!(find(field.name).unwrap().name, field.name);
            assert_eq!(nearest(field.name).unwrap().name, field.name);
        }
    }

    #[test]
    fn other_words_are_no_names_of_fields() {
        for word in FIELDS.iter().flat_map(|field| field.also) {
            assert!(find(word).is_none(), "{word}");
        }
    }

    #[test]
    fn short_names_are_not_taken_for_each_other() {
        assert!(nearest("xy").is_none());
        assert_eq!(nearest("bd").unwrap().name, "db");
    }
}
