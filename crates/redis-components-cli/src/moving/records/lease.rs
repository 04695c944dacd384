//! One command at a time moves the data of a server: a lease of both servers, on the config server.

use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::Cmd;
use redis::aio::MultiplexedConnection;
use redis_components::ComponentConfig;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::failure::{Code, Failure};
use crate::moving::records::record::Record;
use crate::moving::servers::earlier::{close, under};
use crate::session::{Session, connect_again};

const LASTS: Duration = Duration::from_secs(5);
const RENEWED_EVERY: Duration = Duration::from_secs(1);
/// How long the config server may take to renew it, and to take a new connection for that.
const RENEWED_WITHIN: Duration = Duration::from_secs(1);
/// The pause after a renewal that failed, and between two looks if the lease is lost.
const PAUSE: Duration = Duration::from_millis(100);
/// How much of the lease must be left when it is demanded: the step that follows takes less.
const LEFT: Duration = Duration::from_secs(1);
/// How long a command waits for the lease of one that was killed.
const WAITS: Duration = Duration::from_secs(6);

/// What a command may end with whose last request to a server may still come there.
const UNANSWERED: [Code; 2] = [Code::ServerUnreachable, Code::OutcomeUnknown];

/// Takes all leases or none. Returns which one is held and by whom, or nothing.
const TAKE: &str = "
for i, key in ipairs(KEYS) do
    local other = redis.call('GET', key)
    if other then return {i, other} end
end
for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end
return false";
/// Renews all leases; the last key is that of the record. A config server that was started again may
/// have forgotten leases: whoever has taken one since keeps it, and whoever has given it back has left
/// its mark in the record.
const RENEW: &str = "
local is_forgotten = false
for i = 1, #KEYS - 1 do
    local holder = redis.call('GET', KEYS[i])
    if holder and holder ~= ARGV[1] then return 0 end
    is_forgotten = is_forgotten or not holder
end
local record = is_forgotten and redis.call('GET', KEYS[#KEYS])
if record then
    local is_read, record = pcall(cjson.decode, record)
    if not is_read or record.lease ~= ARGV[3] then return 0 end
end
for i = 1, #KEYS - 1 do redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2]) end
return 1";
const RELEASE: &str = "
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
return 1";

/// The right to move data from a server to another, until it is released or lost. It is of both
/// servers: two moves to the same target would empty it for each other.
#[derive(Debug)]
pub(crate) struct Lease {
    /// Tells it from all others, also of the same process.
    id: String,
    keys: Vec<String>,
    holder: String,
    proven: Proven,
    renewing: JoinHandle<()>,
}

/// When a lease was last known to be held; nothing if it was lost.
#[derive(Clone, Debug)]
struct Proven(Arc<Mutex<Option<Instant>>>);

impl Proven {
    fn at(sent: Instant) -> Self {
        Self(Arc::new(Mutex::new(Some(sent))))
    }

    fn note(&self, known: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// Returns `true` if the lease was held within this time.
    fn is_within(&self, time: Duration) -> bool {
        // The clock is asked here, because this process may have stood still until now.
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.is_some_and(|known| known.elapsed() < time)
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Holder {
    id: String,
    host: String,
    /// Which processes the number counts among: containers may share the name of their host.
    #[serde(default)]
    among: String,
    pid: u32,
}

/// Does something with both servers while no other command may.
///
/// # Errors
///
/// Returns an error that says who moves data now, or that of the work.
pub(crate) async fn alone<T>(
    session: &Session,
    record: &Record,
    work: impl AsyncFnOnce(&Lease) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let lease = Lease::take(session, record).await?;
    let working = async {
        let done = work(&lease).await;
        if done
            .as_ref()
            .is_err_and(|failure| UNANSWERED.contains(&failure.code))
        {
            for place in [record.source(), record.target()].into_iter().flatten() {
                close(&place).await;
            }
        }
        done
    };
    let proven = lease.proven.clone();
    let is_held = move || proven.is_within(LASTS - LEFT);
    let done = under(&lease.id, is_held, working).await;
    let done = done.map_err(|failure| lease.explain(failure));
    lease.release(session).await;
    done
}

/// Does something with a move that has begun, as it is now, while no other command may.
///
/// # Errors
///
/// As [`alone`], and returns an error if the move is over or another one.
pub(crate) async fn alone_with<T>(
    session: &Session,
    record: &Record,
    work: impl AsyncFnOnce(&Lease, Record) -> Result<T, Failure>,
) -> Result<T, Failure> {
    alone(session, record, async |lease| {
        let known = session.current(record).await?;
        let marked = lease.mark(&known);
        session.replace_record(Some(&known), Some(&marked)).await?;
        work(lease, marked).await
    })
    .await
}

impl Lease {
    /// Takes the lease of both servers. If it is held, waits until it ends, or its holder is a process
    /// of this machine that is gone.
    async fn take(session: &Session, record: &Record) -> Result<Self, Failure> {
        let servers = record.servers()?;
        let keys: Vec<_> = servers.iter().map(|server| key(server)).collect();
        let host = host();
        let id = format!("{:016x}", fastrand::u64(..));
        let holder = Holder {
            id: id.clone(),
            host: host.clone(),
            among: processes(),
            pid: process::id(),
        };
        let among = holder.among.clone();
        let holder = serde_json::to_string(&holder).unwrap_or_default();
        let begun = Instant::now();
        loop {
            let mut take = script(TAKE, &keys, &holder);
            take.arg(milliseconds(LASTS));
            let sent = Instant::now();
            let held: Option<(usize, String)> = session.query(&take).await?;
            let Some((at, other)) = held else {
                let record = session.names.record(&record.component);
                return Ok(Self::hold(session, (id, holder), keys, record, sent));
            };
            let known: Option<Holder> = serde_json::from_str(&other).ok();
            if known.as_ref().is_some_and(|known| {
                known.host == host && known.among == among && !lives(known.pid)
            }) {
                let _: u8 = session.query(&script(RELEASE, &keys, &other)).await?;
                continue;
            }
            if begun.elapsed() > WAITS {
                let who = known.map_or_else(
                    || "another command".to_owned(),
                    |known| format!("process {} on {}", known.pid, known.host),
                );
                let server = at.checked_sub(1).and_then(|at| servers.get(at));
                let server = server.map_or("one of the servers", String::as_str);
                let text = format!("{who} moves data from or to {server} now; wait for it");
                let failure = Failure::new(Code::WrongState, text);
                return Err(failure.of_component(&record.component).at(&session.server));
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    fn hold(
        session: &Session,
        (id, holder): (String, String),
        keys: Vec<String>,
        record: String,
        sent: Instant,
    ) -> Self {
        let proven = Proven::at(sent);
        let with_record = [&keys[..], &[record]].concat();
        let mut renewal = script(RENEW, &with_record, &holder);
        renewal.arg(milliseconds(LASTS)).arg(&id);
        let (connection, server) = (session.connection(), session.config());
        let renewing = tokio::spawn(renew(renewal, connection, server, proven.clone()));
        Self {
            id,
            keys,
            holder,
            proven,
            renewing,
        }
    }

    /// Returns a record with the mark of this lease. Whoever acts on the move under another one changes
    /// the mark, and so is noticed by each comparison of the record.
    pub(crate) fn mark(&self, record: &Record) -> Record {
        Record {
            lease: Some(self.id.clone()),
            ..record.clone()
        }
    }

    /// # Errors
    ///
    /// Returns an error if the lease was lost, so that another command may act.
    pub(crate) fn demand(&self) -> Result<(), Failure> {
        if self.proven.is_within(LASTS - LEFT) {
            return Ok(());
        }
        let text = "the lease of the servers was lost: this command stood still, the config server did not \
                    answer in time, or another command took it; look with `--status`, and go on from there";
        Err(Failure::new(Code::OutcomeUnknown, text))
    }

    /// Returns the failure of some work. Whoever has the lease now has closed the connections to the
    /// servers, which are not the cause.
    fn explain(&self, failure: Failure) -> Failure {
        match self.demand() {
            Err(mut lost)
                if UNANSWERED.contains(&failure.code)
                    && !failure.message.contains(&lost.message) =>
            {
                lost.message = format!("{}; {}", lost.message, failure.message);
                lost
            }
            _ => failure,
        }
    }

    /// Waits until the lease is lost.
    pub(crate) async fn lost(&self) -> Failure {
        loop {
            if let Err(failure) = self.demand() {
                return failure;
            }
            sleep(PAUSE).await;
        }
    }

    /// Does some work as long as the lease is held.
    ///
    /// # Errors
    ///
    /// As the work, and as [`demand`](Self::demand).
    pub(crate) async fn during<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            failure = self.lost() => Err(failure),
        }
    }

    /// Waits until it is known whether the lease is lost for good: while it has not ended, it may be
    /// renewed late. Returns `true` if it is held.
    pub(crate) async fn is_held(&self) -> bool {
        while self.demand().is_err() {
            if self.renewing.is_finished() {
                return false;
            }
            sleep(PAUSE).await;
        }
        true
    }

    /// Gives the lease back.
    async fn release(self, session: &Session) {
        self.renewing.abort();
        let release = script(RELEASE, &self.keys, &self.holder);
        // Otherwise it ends by itself.
        let _: Result<u8, _> = session.query(&release).await;
    }
}

/// Renews a lease until it is lost, over one connection after the other.
async fn renew(
    renewal: Cmd,
    mut connection: MultiplexedConnection,
    server: Option<ComponentConfig>,
    proven: Proven,
) {
    let mut pause = RENEWED_EVERY;
    // Once the lease may have ended, others may have acted, although nobody holds it now.
    while proven.is_within(LASTS) {
        sleep(pause).await;
        let sent = Instant::now();
        let renewing = renewal.query_async::<u8>(&mut connection);
        pause = match timeout(RENEWED_WITHIN, renewing).await {
            Ok(Ok(1)) if proven.is_within(LASTS) => {
                proven.note(Some(sent));
                RENEWED_EVERY
            }
            Ok(Ok(_)) => break,
            _ => {
                let opening = timeout(RENEWED_WITHIN, connect_again(server.clone())).await;
                if let Ok(Ok(opened)) = opening {
                    connection = opened;
                }
                PAUSE
            }
        };
    }
    proven.note(None);
}

/// Returns the key of a server's lease.
pub(crate) fn key(server: &str) -> String {
    format!("redis-components:lease:{server}")
}

fn script(text: &str, keys: &[String], holder: &str) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(text).arg(keys.len()).arg(keys).arg(holder);
    command
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Returns `true` if a process of this machine lives, as far as this user may know.
fn lives(pid: u32) -> bool {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Returns the name of this machine.
pub(crate) fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// Returns what tells the processes of this system, since it was started, from others.
pub(crate) fn processes() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{} {}", boot.trim(), namespace.display())
}
