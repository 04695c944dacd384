"""Every field that a config may have, as `docs/config.md` lists them."""

from __future__ import annotations

from collections.abc import Iterable

OWN_PREFIX = "x-"

# The order decides which of several fields that are alike is suggested.
USED: dict[str, tuple[str, ...]] = {
    "host": ("hostname", "server", "address", "addr", "ip"),
    "port": (),
    "db": ("database", "database_number"),
    "username": ("user", "login", "user_name"),
    "password": ("pass", "pwd", "auth", "secret"),
    "url": ("redis_url", "dsn"),
    "unix_socket_path": ("socket", "unix_socket", "socket_path"),
    "path": (),
    "socket_timeout": ("timeout", "read_timeout", "command_timeout", "response_timeout"),
    "socket_connect_timeout": ("connect_timeout", "connection_timeout"),
    "max_connections": ("pool_size", "connections"),
    "client_name": ("connection_name",),
    "cluster": ("nodes", "cluster_nodes"),
    "startup_nodes": (),
    "require_full_coverage": (),
    "read_from": ("read_preference",),
    "read_from_replicas": (),
    "disabled": ("off",),
    "sentinels": ("sentinel", "sentinel_hosts"),
    "service_name": ("service", "master_name", "sentinel_master", "primary_name"),
    "sentinel_username": ("sentinel_user",),
    "sentinel_password": ("sentinel_pass", "sentinel_auth"),
    "sentinel_kwargs": (),
    "ssl": ("tls", "use_ssl", "use_tls"),
    "sentinel_ssl": (),
    "sentinel_ssl_ca_certs": (),
    "sentinel_ssl_ca_data": (),
    "sentinel_ssl_certfile": (),
    "sentinel_ssl_keyfile": (),
    "sentinel_ssl_server_name": (),
    "sentinel_ssl_min_version": (),
    "sentinel_ssl_cert_reqs": (),
    "sentinel_ssl_check_hostname": (),
}

OF_TLS: dict[str, tuple[str, ...]] = {
    "ssl_ca_certs": ("ssl_ca", "ssl_ca_file", "ssl_cafile", "ca_certs"),
    "ssl_ca_data": ("ssl_ca_cert_data",),
    "ssl_certfile": ("ssl_cert", "ssl_cert_file", "ssl_client_cert"),
    "ssl_keyfile": ("ssl_key", "ssl_key_file", "ssl_client_key"),
    "ssl_server_name": ("sni", "server_name", "ssl_hostname"),
    "ssl_min_version": ("tls_min_version",),
    "ssl_cert_reqs": ("ssl_verify",),
    "ssl_check_hostname": (),
}

_OF_OPENSSL = "leave it out: it is an option of OpenSSL, which others do not use"
_NO_OCSP = "leave it out: OCSP is not asked here, so renew certificates often instead"

# Options of TLS that cannot be used, and what to do instead.
UNUSABLE_OF_TLS: dict[str, str] = {
    "ssl_ca_path": "write the certificates into one file, and name it as `ssl_ca_certs`",
    "ssl_password": "decrypt the key, and protect its file by its permissions",
    "ssl_ciphers": "leave it out: no weak cipher is ever offered",
    "ssl_include_verify_flags": _OF_OPENSSL,
    "ssl_exclude_verify_flags": _OF_OPENSSL,
    "ssl_validate_ocsp": _NO_OCSP,
    "ssl_validate_ocsp_stapled": _NO_OCSP,
    "ssl_ocsp_context": _NO_OCSP,
    "ssl_ocsp_expected_cert": _NO_OCSP,
}

REFUSED: dict[str, str] = {
    "credential_provider": "credentials from elsewhere",
    "connection_class": "a class of redis-py",
}

IGNORED: tuple[str, ...] = (
    "auto_close_connection_pool",
    "cache",
    "cache_config",
    "cache_factory",
    "charset",
    "command_packer",
    "connection_pool",
    "decode_responses",
    "driver_info",
    "encoding",
    "encoding_errors",
    "errors",
    "event_dispatcher",
    "health_check_interval",
    "himport_registry",
    "legacy_responses",
    "lib_name",
    "lib_version",
    "maint_notifications_config",
    "maint_notifications_pool_handler",
    "maintenance_notification_hash",
    "maintenance_state",
    "orig_host_address",
    "orig_socket_connect_timeout",
    "orig_socket_timeout",
    "oss_cluster_maint_notifications_handler",
    "parser_class",
    "protocol",
    "queue_class",
    "redis_connect_func",
    "retry",
    "retry_on_error",
    "retry_on_timeout",
    "single_connection_client",
    "socket_keepalive",
    "socket_keepalive_options",
    "socket_read_size",
    "socket_type",
    "comment",
    "version",
)

ALL: tuple[str, ...] = (*USED, *OF_TLS, *UNUSABLE_OF_TLS, *REFUSED, *IGNORED)
_NAMES = frozenset(ALL)
_LONGEST_MISTAKE = 64


def is_known(name: str) -> bool:
    return name in _NAMES


def nearest(written: str) -> str | None:
    """Returns the field that somebody who wrote this name probably meant."""
    if len(written.encode()) > _LONGEST_MISTAKE:
        return None
    written = written.strip().lower().replace("-", "_")
    for name, other_words in (*USED.items(), *OF_TLS.items()):
        if written in other_words:
            return name
    # A third of the letters may be wrong, so that short names are not taken for each other.
    most_errors = min(max(len(written) // 3, 1), 3)
    return nearest_of(written, ALL, most_errors)


def nearest_of(written: str, names: Iterable[str], most_errors: int) -> str | None:
    """Returns the name that is most like what is written, if it is like it."""
    if len(written) > _LONGEST_MISTAKE:
        return None
    distances = ((_distance(written, name), name) for name in names)
    errors, name = min(distances, key=lambda found: found[0])
    return name if errors <= most_errors else None


def _distance(one: str, other: str) -> int:
    """Returns how many letters must be added, left out, changed or swapped with the next."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, char in enumerate(one):
        before, above, row = row, before, [i + 1]
        for j, wanted in enumerate(other):
            cost = min(before[j + 1] + 1, row[j] + 1, before[j] + (char != wanted))
            if i > 0 and j > 0 and char == other[j - 1] and one[i - 1] == wanted:
                cost = min(cost, above[j - 1] + 1)
            row.append(cost)
    return row[-1]
