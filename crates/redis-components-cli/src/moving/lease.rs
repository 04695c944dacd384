//! One command at a time moves the data of a server: a lease on the config server.

use std::process;
use std::time::Duration;

use redis::Cmd;
use redis::aio::MultiplexedConnection;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::link::Place;
use crate::failure::{Code, Failure};
use crate::session::Session;

const LASTS: Duration = Duration::from_secs(5);
const RENEWED_EVERY: Duration = Duration::from_secs(1);
/// How long a command waits for the lease of one that was killed.
const WAITS: Duration = Duration::from_secs(6);

const RENEW: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0";
const RELEASE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// The right to move the data of a server, until it is dropped or lost.
#[derive(Debug)]
pub(crate) struct Lease {
    key: String,
    holder: String,
    connection: MultiplexedConnection,
    is_held: watch::Receiver<bool>,
    renewing: JoinHandle<()>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Holder {
    id: String,
    host: String,
    pid: u32,
}

impl Lease {
    /// Takes the lease of a server. If it is held, waits until it ends, or its holder is a process of
    /// this machine that is gone.
    ///
    /// # Errors
    ///
    /// Returns an error that says who holds it.
    pub(crate) async fn take(session: &Session, source: &Place) -> Result<Self, Failure> {
        let key = format!("redis-components:lease:{}", source.address());
        let host = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        let holder = Holder {
            id: format!("{:016x}", fastrand::u64(..)),
            host: host.clone(),
            pid: process::id(),
        };
        let holder = serde_json::to_string(&holder).unwrap_or_default();
        let begun = Instant::now();
        loop {
            let mut take = redis::cmd("SET");
            take.arg(&key)
                .arg(&holder)
                .arg("NX")
                .arg("PX")
                .arg(milliseconds(LASTS));
            let taken: Option<String> = session.query(&take).await?;
            if taken.is_some() {
                return Ok(Self::hold(session, key, holder));
            }
            let other: Option<String> = session.query(redis::cmd("GET").arg(&key)).await?;
            let Some(other) = other else { continue };
            let known: Option<Holder> = serde_json::from_str(&other).ok();
            if known
                .as_ref()
                .is_some_and(|known| known.host == host && !lives(known.pid))
            {
                let _: u8 = session.query(&script(RELEASE, &key, &other)).await?;
                continue;
            }
            if begun.elapsed() > WAITS {
                let who = known.map_or_else(
                    || "another command".to_owned(),
                    |known| format!("process {} on {}", known.pid, known.host),
                );
                let text = format!(
                    "{who} moves the data of {} now; wait for it",
                    source.address()
                );
                return Err(Failure::new(Code::WrongState, text).at(&session.server));
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    fn hold(session: &Session, key: String, holder: String) -> Self {
        let (held, is_held) = watch::channel(true);
        let mut connection = session.connection();
        let (renewed, renews) = (key.clone(), holder.clone());
        let renewing = tokio::spawn(async move {
            let mut renew = script(RENEW, &renewed, &renews);
            renew.arg(milliseconds(LASTS));
            let mut proven = Instant::now();
            while proven.elapsed() < LASTS {
                sleep(RENEWED_EVERY).await;
                let sent = Instant::now();
                match renew.query_async::<u8>(&mut connection).await {
                    Ok(1) => proven = sent,
                    Ok(_) => break,
                    Err(_) => {}
                }
            }
            held.send_replace(false);
        });
        Self {
            key,
            holder,
            connection: session.connection(),
            is_held,
            renewing,
        }
    }

    /// # Errors
    ///
    /// Returns an error if the lease was lost, so that another command may act.
    pub(crate) fn demand(&self) -> Result<(), Failure> {
        if *self.is_held.borrow() {
            return Ok(());
        }
        let text = "the lease of the source was lost: the config server did not answer in time, or \
                    another command took it; look with `--status`, and go on with `--resume`";
        Err(Failure::new(Code::OutcomeUnknown, text))
    }

    /// Gives the lease back.
    pub(crate) async fn release(mut self) {
        self.renewing.abort();
        let release = script(RELEASE, &self.key, &self.holder);
        // Otherwise it ends by itself.
        let _: Result<u8, _> = release.query_async(&mut self.connection).await;
    }
}

fn script(text: &str, key: &str, holder: &str) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(text).arg(1).arg(key).arg(holder);
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
