//! The names of contestants in tables and JSON, with their settings.

/// One connection of redis-rs.
pub(crate) const BARE: &str = "bare";
/// The same once more: its distance from the first is the noise.
pub(crate) const BARE_AGAIN: &str = "bare again";
/// The same, cloned for each call, as a service has it in its state.
pub(crate) const BARE_EACH: &str = "bare, cloned for each call";
/// The same with the socket option that our clients set.
pub(crate) const BARE_NODELAY: &str = "bare, TCP_NODELAY";
pub(crate) const BARE_TWO: &str = "bare, 2 sockets";
pub(crate) const OURS: &str = "ours, push";
pub(crate) const OURS_TWO: &str = "ours, push, 2 sockets";
pub(crate) const OURS_FRESH: &str = "ours, push, wait 0s";
pub(crate) const BARE_POLL: &str = "bare, beside poll";
pub(crate) const BARE_POLL_TWO: &str = "bare, 2 sockets, beside poll";
pub(crate) const POLL: &str = "ours, poll 1s";
pub(crate) const POLL_TWO: &str = "ours, poll 1s, 2 sockets";
pub(crate) const POLL_FRESH: &str = "ours, poll 0s";
pub(crate) const MANAGER: &str = "ConnectionManager";
pub(crate) const DEADPOOL: &str = "deadpool-redis";
pub(crate) const BB8: &str = "bb8-redis";
pub(crate) const FRED: &str = "fred";
pub(crate) const FRED_TWO: &str = "fred, pool of 2";
pub(crate) const RUSTIS: &str = "rustis";
pub(crate) const BOOK: &str = "the book in Rust, wait 1s";
pub(crate) const BOOK_FRESH: &str = "the book in Rust, GET on each call";
/// The same once more: its distance from the first is the noise.
pub(crate) const BOOK_FRESH_AGAIN: &str = "the book in Rust, GET on each call, again";
/// The same in the process of those who poll.
pub(crate) const BOOK_FRESH_POLL: &str = "the book in Rust, GET on each call, beside poll";
pub(crate) const THREADS_BOOK_FRESH: &str = "the book in Rust, blocking, GET on each call";
pub(crate) const THREADS_BOOK_FRESH_POLL: &str =
    "the book in Rust, blocking, GET on each call, beside poll";
pub(crate) const THREADS_FRESH: &str = "ours, blocking, push, wait 0s";
pub(crate) const THREADS_POLL_FRESH: &str = "ours, blocking, poll 0s";
/// What two round trips in a row allow, without any client.
pub(crate) const TWO_SOCKETS: &str = "two sockets, two round trips for each call";
pub(crate) const PYTHON: &str = "the book in Python, wait 1s";
/// What one round trip after the other allows, without any client.
pub(crate) const SOCKET: &str = "a socket, one call at a time";
/// What the server allows.
pub(crate) const LIMIT: &str = "the limit: a socket, deep pipelines";
pub(crate) const THREADS_BARE: &str = "bare Connection";
pub(crate) const THREADS_BARE_AGAIN: &str = "bare Connection again";
pub(crate) const THREADS_BOUNDED: &str = "bare Connection, time-outs";
pub(crate) const THREADS_OURS: &str = "ours, blocking";
pub(crate) const R2D2: &str = "r2d2";
pub(crate) const CLONE: &str = "clone";
pub(crate) const CLONE_AGAIN: &str = "clone again";
pub(crate) const CLONE_POLL: &str = "clone, beside poll";
pub(crate) const ARC_SWAP: &str = "ArcSwap and clone";
pub(crate) const GET: &str = "ours";
pub(crate) const GET_TWO: &str = "ours, 2 sockets";
pub(crate) const GET_OF_MANY: &str = "ours, of 10,000 declared";
pub(crate) const GET_POLL: &str = "ours, poll";
pub(crate) const GET_DEADPOOL: &str = "deadpool get";
pub(crate) const DYNAMIC_CONFIG: &str = "dynamic-config-redis";

pub(crate) const BARE_TLS: &str = "bare, TLS";
pub(crate) const OURS_TLS: &str = "ours, TLS";
pub(crate) const BARE_UNIX: &str = "bare, unix socket";
pub(crate) const OURS_UNIX: &str = "ours, unix socket";
pub(crate) const OURS_CLUSTER: &str = "ours, cluster";
pub(crate) const CLUSTER_REDIS_RS: &str = "ClusterConnection";
pub(crate) const CLUSTER_TABLE: &str = "slot table";
pub(crate) const CLUSTER_FRED: &str = "fred, cluster";
pub(crate) const CLUSTER_RUSTIS: &str = "rustis, cluster";
pub(crate) const THREADS_OURS_CLUSTER: &str = "ours, blocking, cluster";
pub(crate) const THREADS_CLUSTER_REDIS_RS: &str = "blocking ClusterConnection";
/// What threads reach without any client.
pub(crate) const THREADS_CLUSTER_TABLE: &str = "blocking slot table";
pub(crate) const BARE_CONNECTS: &str = "bare connects over TLS";
pub(crate) const OURS_CONNECTS: &str = "ours connects over TLS";

/// The name and the settings of every contestant.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    (
        BARE,
        "redis::aio::MultiplexedConnection of redis-rs with its defaults, cloned once for each task",
    ),
    (
        BARE_AGAIN,
        "the same connection settings, connected once more",
    ),
    (
        BARE_EACH,
        "the same connection settings, cloned anew for each call, as from a service's state",
    ),
    (
        BARE_NODELAY,
        "as `bare`, with TcpSettings::set_nodelay(true), the default of redis-rs 2.0 and ours",
    ),
    (BARE_TWO, "two of them; each task has one, in turn"),
    (
        OURS,
        "generated wrapper, Settings::default(): push; connections = 1",
    ),
    (OURS_TWO, "the same with connections = 2"),
    (OURS_FRESH, "the same with wait = \"0s\", connections = 1"),
    (BARE_POLL, "as `bare`, in the process of those who poll"),
    (
        BARE_POLL_TWO,
        "as `bare, 2 sockets`, in the process of those who poll",
    ),
    (
        POLL,
        "generated wrapper, Settings::push(false), wait = \"1s\"; connections = 1",
    ),
    (POLL_TWO, "the same with connections = 2"),
    (
        POLL_FRESH,
        "generated wrapper, Settings::push(false), wait = \"0s\"; connections = 1",
    ),
    (
        MANAGER,
        "redis::aio::ConnectionManager::new with its defaults, cloned once for each task",
    ),
    (
        DEADPOOL,
        "Config::from_url(..).create_pool(Some(Runtime::Tokio1)), its defaults: a pool of 2 for each core, verified by \
         a PING whenever one is taken",
    ),
    (
        BB8,
        "Pool::builder().build(..), its defaults: a pool of 10, tested by a PING whenever one is taken",
    ),
    (
        FRED,
        "Builder::from_config(Config::from_url(..)).build(), its defaults; Client::pipeline",
    ),
    (
        FRED_TWO,
        "the same with build_pool(2), which its documentation recommends for throughput; pool.next().pipeline()",
    ),
    (
        RUSTIS,
        "Client::connect(url) with its defaults: one multiplexed connection; Client::create_pipeline",
    ),
    (
        BOOK,
        "Redis in Action 5.4.3 as literally as Rust lets one: config asked for at most once a second, client of redis-rs cached and \
         compared; MultiplexedConnection",
    ),
    (BOOK_FRESH, "the same, the config asked for on each call"),
    (BOOK_FRESH_AGAIN, "the same, connected once more"),
    (
        BOOK_FRESH_POLL,
        "the same, in the process of those who poll",
    ),
    (
        THREADS_BOOK_FRESH,
        "the book's code for threads: each has a redis::Connection to the config server and one to the data server",
    ),
    (
        THREADS_BOOK_FRESH_POLL,
        "the same, in the process of those who poll",
    ),
    (
        THREADS_FRESH,
        "generated wrapper of a blocking function, Settings::default(), wait = \"0s\"",
    ),
    (THREADS_POLL_FRESH, "the same with Settings::push(false)"),
    (
        TWO_SOCKETS,
        "a blocking TCP socket to each server, in a loop on one thread: the read of the config, and then the call, packed in advance",
    ),
    (
        PYTHON,
        "the book's decorator with redis-py's defaults, one thread; pipeline without a transaction, as all others",
    ),
    (
        SOCKET,
        "a blocking TCP socket, in a loop on one thread: one call packed in advance, its replies counted and not read",
    ),
    (
        LIMIT,
        "the same with writes of 256 calls, up to three of which are unanswered: as much as the server does",
    ),
    (THREADS_BARE, "one redis::Connection for each thread"),
    (THREADS_BARE_AGAIN, "the same, connected once more"),
    (
        THREADS_BOUNDED,
        "the same with set_read_timeout and set_write_timeout of 500 ms, as no call of ours is without",
    ),
    (
        THREADS_OURS,
        "generated wrapper of a blocking function, Settings::default()",
    ),
    (
        R2D2,
        "r2d2::Pool::new(client), its defaults: a pool of 10, tested by a PING whenever one is taken",
    ),
    (CLONE, "MultiplexedConnection::clone, and its drop"),
    (CLONE_AGAIN, "the same"),
    (CLONE_POLL, "the same in the process of those who poll"),
    (
        ARC_SWAP,
        "ArcSwap<MultiplexedConnection>::load, and a clone",
    ),
    (GET, "logs::connection().await, push, connections = 1"),
    (
        GET_TWO,
        "logs_two::connection().await, push, connections = 2",
    ),
    (
        GET_OF_MANY,
        "the accessor of one component where 10,000 are declared",
    ),
    (
        GET_POLL,
        "logs::connection().await, poll 1s, connections = 1",
    ),
    (GET_DEADPOOL, "Pool::get of deadpool-redis, as above"),
    (
        DYNAMIC_CONFIG,
        "dynamic-config-redis: Redis::watch with keyspace notifications, as in its example; the connection is built in \
         on_reload, probed by a PING and swapped by us",
    ),
    (
        BARE_TLS,
        "redis::aio::MultiplexedConnection over TLS (rustls), cloned once for each task",
    ),
    (OURS_TLS, "generated wrapper, a config with ssl"),
    (BARE_UNIX, "the same over a unix socket"),
    (
        OURS_UNIX,
        "generated wrapper, a config with unix_socket_path",
    ),
    (
        OURS_CLUSTER,
        "generated wrapper, a config with cluster; connections = 1",
    ),
    (
        CLUSTER_REDIS_RS,
        "redis::cluster_async::ClusterConnection with its defaults, cloned once for each task",
    ),
    (
        CLUSTER_TABLE,
        "a table of slots and one MultiplexedConnection for each node; it follows no redirect",
    ),
    (
        CLUSTER_FRED,
        "Builder::from_config(Config::from_url(..)).build(), its defaults",
    ),
    (CLUSTER_RUSTIS, "Client::connect(url) with its defaults"),
    (
        THREADS_OURS_CLUSTER,
        "generated wrapper of a blocking function",
    ),
    (
        THREADS_CLUSTER_REDIS_RS,
        "one redis::cluster::ClusterConnection for each thread",
    ),
    (
        THREADS_CLUSTER_TABLE,
        "a table of slots and one redis::Connection to each node for each thread; it follows no redirect",
    ),
    (
        BARE_CONNECTS,
        "Client::build_with_tls(..).get_multiplexed_async_connection(), and a PING",
    ),
    (
        OURS_CONNECTS,
        "redis_components::open_connection, which reads the CA, logs in and probes",
    ),
];
