//! One command at a time moves the data of a server: a lease of both servers, on the config server.

use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::Cmd;
use redis::aio::MultiplexedConnection;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::record::Record;
use crate::failure::{Code, Failure};
use crate::session::Session;

const LASTS: Duration = Duration::from_secs(5);
const RENEWED_EVERY: Duration = Duration::from_secs(1);
/// How much of the lease has to be left for what is demanded. A step after which nobody else may
/// act takes less.
const LEFT: Duration = Duration::from_secs(1);
/// How long a command waits for the lease of one that was killed.
const WAITS: Duration = Duration::from_secs(6);

/// Takes all leases or none. Returns which one is held and by whom, or nothing.
const TAKE: &str = "
for i, key in ipairs(KEYS) do
    local other = redis.call('GET', key)
    if other then return {i, other} end
end
for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end
return false";
const RENEW: &str = "
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) ~= ARGV[1] then return 0 end
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[2]) end
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
    keys: Vec<String>,
    holder: String,
    connection: MultiplexedConnection,
    /// When it was last known to be held; nothing if it was lost.
    proven: Arc<Mutex<Option<Instant>>>,
    renewing: JoinHandle<()>,
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
    let done = work(&lease).await;
    lease.release().await;
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
        work(lease, session.current(record).await?).await
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
        let holder = Holder {
            id: format!("{:016x}", fastrand::u64(..)),
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
                return Ok(Self::hold(session, keys, holder, sent));
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

    fn hold(session: &Session, keys: Vec<String>, holder: String, sent: Instant) -> Self {
        let proven = Arc::new(Mutex::new(Some(sent)));
        let noted = Arc::clone(&proven);
        let note = move |known| *noted.lock().unwrap_or_else(PoisonError::into_inner) = known;
        let mut connection = session.connection();
        let (renewed, renews) = (keys.clone(), holder.clone());
        let renewing = tokio::spawn(async move {
            let mut renew = script(RENEW, &renewed, &renews);
            renew.arg(milliseconds(LASTS));
            loop {
                sleep(RENEWED_EVERY).await;
                let sent = Instant::now();
                match renew.query_async::<u8>(&mut connection).await {
                    Ok(1) => note(Some(sent)),
                    Ok(_) => return note(None),
                    Err(_) => {}
                }
            }
        });
        Self {
            keys,
            holder,
            connection: session.connection(),
            proven,
            renewing,
        }
    }

    /// # Errors
    ///
    /// Returns an error if the lease was lost, so that another command may act.
    pub(crate) fn demand(&self) -> Result<(), Failure> {
        // The clock is asked here, because this process may have stood still until now.
        let proven = *self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        if proven.is_some_and(|proven| proven.elapsed() < LASTS - LEFT) {
            return Ok(());
        }
        let text = "the lease of the servers was lost: the config server did not answer in time, or \
                    another command took it; look with `--status`, and go on with `--resume`";
        Err(Failure::new(Code::OutcomeUnknown, text))
    }

    /// Gives the lease back.
    async fn release(mut self) {
        self.renewing.abort();
        let release = script(RELEASE, &self.keys, &self.holder);
        // Otherwise it ends by itself.
        let _: Result<u8, _> = release.query_async(&mut self.connection).await;
    }
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
