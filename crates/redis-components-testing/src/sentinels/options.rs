//! What a set of sentinels and their servers is started with.

use std::time::Duration;

use crate::builder::ServerBuilder;
use crate::plan::{Peers, TlsPlan};
use crate::server::Server;
use crate::tls::Tls;
use crate::tls::identity::Identity;

/// Long enough for a busy machine: no server is taken for dead that only waits for a processor.
const DOWN_AFTER: Duration = Duration::from_secs(10);

/// Starts [`Sentinels`](crate::Sentinels) with options; see
/// [`Sentinels::builder`](crate::Sentinels::builder).
#[derive(Clone, Debug)]
#[must_use = "nothing is started before `start`"]
pub struct SentinelsBuilder {
    pub(super) replicas: usize,
    pub(super) sentinels: usize,
    pub(super) quorum: usize,
    pub(super) down_after: Duration,
    pub(super) has_proxies: bool,
    pub(super) data: Login,
    pub(super) watch: Login,
    server: ServerBuilder,
    sentinel: ServerBuilder,
}

/// How clients and peers log in.
#[derive(Clone, Debug, Default)]
pub(super) struct Login {
    /// The password of the default user.
    pub(super) password: Option<String>,
    /// Further users as `ACL SETUSER` takes them.
    pub(super) users: Vec<Vec<String>>,
}

impl Login {
    fn add(&mut self, name: &str, password: &str, rules: &[&str]) {
        let password = format!(">{password}");
        let words = [&[name, "on", &password], rules].concat();
        self.users
            .push(words.into_iter().map(str::to_owned).collect());
    }
}

impl SentinelsBuilder {
    pub(super) fn new() -> Self {
        Self {
            replicas: 2,
            sentinels: 3,
            quorum: 2,
            down_after: DOWN_AFTER,
            has_proxies: false,
            data: Login::default(),
            watch: Login::default(),
            server: Server::builder().arguments(&["--repl-diskless-sync-delay", "0"]),
            sentinel: Server::builder().sentinel(),
        }
    }

    /// Sets the number of replicas, two if this is not called.
    pub fn replicas(mut self, count: usize) -> Self {
        self.replicas = count;
        self
    }

    /// Sets the number of sentinels, and how many must hold the primary for dead: three and two if
    /// this is not called.
    pub fn sentinels(mut self, count: usize, quorum: usize) -> Self {
        self.sentinels = count;
        self.quorum = quorum;
        self
    }

    /// Sets how long a server may be silent before the sentinels suspect it: ten seconds if this is
    /// not called, one second for tests that kill or freeze servers. On a busy machine, a shorter
    /// time lets sentinels fail over unasked, or once more than a test expects.
    pub fn down_after(mut self, silence: Duration) -> Self {
        self.down_after = silence;
        self
    }

    /// Lets servers refuse writes (`NOREPLICAS`) that fewer replicas than this have heard of within
    /// the last second.
    pub fn min_replicas_to_write(self, count: usize) -> Self {
        let count = count.to_string();
        let lag = ["--min-replicas-max-lag", "1"];
        self.arguments(&["--min-replicas-to-write", &count])
            .arguments(&lag)
    }

    /// Lets servers and sentinels speak TLS, among themselves too, and no plain text.
    pub fn tls(mut self, tls: &Tls) -> Self {
        self.server = self.server.tls(tls);
        self.sentinel = self.sentinel.tls(tls);
        self
    }

    /// Lets the servers speak TLS, also with the sentinels, and no plain text. Clients of the
    /// sentinels speak plain text.
    pub fn tls_of_servers(mut self, tls: &Tls) -> Self {
        self.server = self.server.tls(tls);
        self.sentinel = self.sentinel.peers(Peers::Tls(TlsPlan::of(tls)));
        self
    }

    /// Lets clients of the sentinels speak TLS. The servers speak plain text, also with the
    /// sentinels.
    pub fn tls_of_sentinels(mut self, tls: &Tls) -> Self {
        self.sentinel = self.sentinel.tls(tls).peers(Peers::Plain);
        self
    }

    /// Lets sentinels show this certificate instead of the server's. Has an effect after
    /// [`tls`](Self::tls) and [`tls_of_sentinels`](Self::tls_of_sentinels) only.
    pub fn identity_of_sentinels(mut self, identity: &Identity) -> Self {
        self.sentinel = self.sentinel.identity(identity);
        self
    }

    /// Refuses clients without a certificate of the same authority. Has an effect after
    /// [`tls`](Self::tls) and its like only.
    pub fn require_client_certificates(mut self) -> Self {
        self.server = self.server.require_client_certificates();
        self.sentinel = self.sentinel.require_client_certificates();
        self
    }

    /// Sets the password of the servers, for clients, replicas and sentinels.
    pub fn password(mut self, password: &str) -> Self {
        self.data.password = Some(password.to_owned());
        self.arguments(&["--requirepass", password, "--masterauth", password])
    }

    /// Adds a user to the servers, with rules as `["~*", "&*", "+@all"]`.
    pub fn user(mut self, name: &str, password: &str, rules: &[&str]) -> Self {
        self.data.add(name, password, rules);
        self
    }

    /// Sets the password of the sentinels, for clients and among themselves.
    pub fn sentinel_password(mut self, password: &str) -> Self {
        self.watch.password = Some(password.to_owned());
        self.sentinel = self.sentinel.arguments(&["--requirepass", password]);
        self
    }

    /// Adds a user to the sentinels, with rules as [`user`](Self::user) takes them.
    pub fn sentinel_user(mut self, name: &str, password: &str, rules: &[&str]) -> Self {
        self.watch.add(name, password, rules);
        self
    }

    /// Puts a [`Proxy`](crate::Proxy) before each sentinel. Clients and other sentinels hear of the
    /// proxies only, see [`Sentinels::proxy`](crate::Sentinels::proxy).
    pub fn behind_proxies(mut self) -> Self {
        self.has_proxies = true;
        self
    }

    /// Adds arguments of redis-server for the servers, not the sentinels.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.server = self.server.arguments(arguments);
        self
    }

    pub(super) fn servers(&self) -> Vec<ServerBuilder> {
        vec![self.server.clone(); 1 + self.replicas]
    }

    pub(super) fn watchers(&self) -> Vec<ServerBuilder> {
        vec![self.sentinel.clone(); self.sentinels]
    }
}
