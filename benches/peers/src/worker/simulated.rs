//! Simulated processes: connections to the config server that ask what the watch of a process asks,
//! and as often. A thousand whole processes would measure this machine, and not the config server.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, PushInfo, PushKind};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep_until, timeout_at};

use crate::contestants::world::World;
use crate::failure::Failure;
use crate::servers::Urls;

/// For `wait = "1s"`.
const HEARTBEAT: Duration = Duration::from_millis(750);
/// All configs are read as often, and the control key at every fourth time.
const REREAD: Duration = Duration::from_secs(30);
const CONTROL: &str = "config:redis:@fleet";
const RECEIPT: Duration = Duration::from_secs(10);
const TTL: i64 = 35;
/// One byte more than a config may have.
const LIMIT: usize = 64 * 1024;
/// Processes of a fleet do not start at once.
const CONNECT_AT_ONCE: usize = 32;
/// Who has not seen a SET after this is not waited for.
const SEEN_WITHIN: Duration = Duration::from_secs(20);

/// When a SET was seen, in nanoseconds from when it was sent.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct FanOut {
    /// By half of the processes.
    pub(crate) median: u64,
    pub(crate) last: u64,
    /// How many have not seen it.
    pub(crate) missing: usize,
}

/// The simulated processes of a worker.
pub(crate) struct Processes {
    count: usize,
    keys: Arc<Vec<String>>,
    /// Which process has read what kind of config, and when.
    seen: mpsc::UnboundedReceiver<(usize, u64, Instant)>,
    /// The number of the newest config, which stands in it.
    newest: Arc<AtomicU64>,
    operator: MultiplexedConnection,
    config: String,
}

impl Processes {
    /// Starts processes that use the first `components` of those that are declared for this
    /// measurement.
    pub(crate) fn start(world: &World, count: usize, components: usize) -> Result<Self, Failure> {
        let keys = (0..components).map(|number| format!("config:redis:many_{number}"));
        let keys: Arc<Vec<String>> = Arc::new(keys.collect());
        let newest = Arc::new(AtomicU64::new(0));
        let (tell, seen) = mpsc::unbounded_channel();
        let client = redis::Client::open(format!("{}?protocol=resp3", world.urls.config))?;
        let gate = Arc::new(tokio::sync::Semaphore::new(CONNECT_AT_ONCE));
        world.runtime.block_on(async {
            let starting: Vec<_> = (0..count)
                .map(|number| {
                    let (client, gate) = (client.clone(), Arc::clone(&gate));
                    let (keys, newest) = (Arc::clone(&keys), Arc::clone(&newest));
                    let tell = tell.clone();
                    tokio::spawn(async move {
                        let _turn = gate.acquire().await?;
                        let process = Process::connect(&client, number, keys).await?;
                        tokio::spawn(process.run(newest, tell));
                        Ok::<_, Failure>(())
                    })
                })
                .collect();
            for started in starting {
                started.await??;
            }
            let operator = client.get_multiplexed_async_connection().await?;
            let config = config_of(&world.urls)?;
            Ok(Self {
                count,
                keys,
                seen,
                newest,
                operator,
                config,
            })
        })
    }

    /// Changes a config that all use, and waits until the last has read it.
    pub(crate) fn fan_out(&mut self, world: &World, sets: usize) -> Result<Vec<FanOut>, Failure> {
        world.runtime.block_on(async {
            let mut all = Vec::new();
            for _ in 0..sets {
                all.push(self.set().await?);
                // Reads for which no caller asks are limited: this is as many as always pass.
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Ok(all)
        })
    }

    async fn set(&mut self) -> Result<FanOut, Failure> {
        let number = self.newest.load(Ordering::SeqCst) + 1;
        let mut set = redis::cmd("SET");
        set.arg(&self.keys[0])
            .arg(format!("{}{number}\"}}", self.config));
        while self.seen.try_recv().is_ok() {}
        let begun = Instant::now();
        self.newest.store(number, Ordering::SeqCst);
        set.exec_async(&mut self.operator).await?;
        let mut waited_for: HashSet<usize> = (0..self.count).collect();
        let mut times = Vec::with_capacity(self.count);
        while !waited_for.is_empty() {
            let seen = timeout_at((begun + SEEN_WITHIN).into(), self.seen.recv()).await;
            let Ok(seen) = seen else { break };
            let (process, what, at) = seen.ok_or("no simulated process is left")?;
            if what == number && waited_for.remove(&process) {
                times.push(at.saturating_duration_since(begun));
            }
        }
        times.sort_unstable();
        let at = |index: usize| -> Result<u64, Failure> {
            let time = times
                .get(index)
                .ok_or("no simulated process has seen a SET")?;
            Ok(u64::try_from(time.as_nanos())?)
        };
        Ok(FanOut {
            median: at(times.len() / 2)?,
            last: at(times.len().saturating_sub(1))?,
            missing: waited_for.len(),
        })
    }
}

/// The connection of one simulated process.
struct Process {
    number: usize,
    keys: Arc<Vec<String>>,
    receipt: String,
    connection: MultiplexedConnection,
    pushed: Arc<Notify>,
}

impl Process {
    async fn connect(
        client: &redis::Client,
        number: usize,
        keys: Arc<Vec<String>>,
    ) -> Result<Self, Failure> {
        let pushed = Arc::new(Notify::new());
        let wake = Arc::clone(&pushed);
        let settings = AsyncConnectionConfig::new()
            .set_response_timeout(Some(Duration::from_secs(5)))
            .set_connection_timeout(Some(Duration::from_secs(5)))
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Invalidate {
                    wake.notify_one();
                }
                Ok::<_, redis::aio::SendError>(())
            });
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&settings)
            .await?;
        let (name, receipt) = names(number);
        redis::pipe()
            .cmd("CLIENT")
            .arg(&["SETNAME", &name])
            .ignore()
            .cmd("CLIENT")
            .arg(&["TRACKING", "ON"])
            .ignore()
            .exec_async(&mut connection)
            .await?;
        let mut process = Self {
            number,
            keys,
            receipt,
            connection,
            pushed,
        };
        process.read(process.keys.len(), true).await?;
        process.write_receipt().await?;
        Ok(process)
    }

    /// Asks until the worker ends, or the config server does not answer.
    async fn run(
        mut self,
        newest: Arc<AtomicU64>,
        tell: mpsc::UnboundedSender<(usize, u64, Instant)>,
    ) {
        // An error says that the measurement is over, or is seen by whoever waits.
        let _ = self.ask(&newest, &tell).await;
    }

    async fn ask(
        &mut self,
        newest: &AtomicU64,
        tell: &mpsc::UnboundedSender<(usize, u64, Instant)>,
    ) -> Result<(), Failure> {
        let now = tokio::time::Instant::now();
        let mut beat = now + HEARTBEAT.mul_f64(fastrand::f64());
        let mut reread = now + REREAD.mul_f64(fastrand::f64());
        let mut receipt = now + RECEIPT.mul_f64(fastrand::f64());
        let mut rereads = fastrand::u32(..4);
        loop {
            tokio::select! {
                () = self.pushed.notified() => {
                    let what = newest.load(Ordering::SeqCst);
                    self.read(1, false).await?;
                    tell.send((self.number, what, Instant::now()))?;
                    beat = tokio::time::Instant::now() + HEARTBEAT;
                }
                () = sleep_until(beat) => {
                    redis::cmd("PING").exec_async(&mut self.connection).await?;
                    beat += HEARTBEAT;
                }
                () = sleep_until(reread) => {
                    rereads += 1;
                    self.read(self.keys.len(), rereads % 4 == 0).await?;
                    reread += REREAD;
                    beat = tokio::time::Instant::now() + HEARTBEAT;
                }
                () = sleep_until(receipt) => {
                    redis::cmd("EXPIRE").arg(&self.receipt).arg(TTL).exec_async(&mut self.connection).await?;
                    receipt += RECEIPT.mul_f64(fastrand::f64().mul_add(0.4, 0.8));
                }
            }
        }
    }

    /// Reads the first configs in one round trip.
    async fn read(&mut self, count: usize, with_control: bool) -> Result<(), Failure> {
        let mut pipeline = redis::pipe();
        let control = with_control.then_some(CONTROL);
        let keys = self.keys.iter().take(count).map(String::as_str);
        for key in keys.chain(control) {
            let get = pipeline.cmd("GETRANGE");
            get.arg(key).arg(0).arg(LIMIT).ignore();
        }
        Ok(pipeline.exec_async(&mut self.connection).await?)
    }

    async fn write_receipt(&mut self) -> Result<(), Failure> {
        let mut pipeline = redis::pipe();
        let set = pipeline.cmd("HSET");
        set.arg(&self.receipt);
        let digest = "0123456789abcdef";
        for key in std::iter::once("@").chain(self.keys.iter().map(String::as_str)) {
            set.arg(key)
                .arg(format!("{digest} {digest} ok 1 1764170000 0 -"));
        }
        pipeline
            .expire(&self.receipt, TTL)
            .zadd("redis-components:fleet", &self.receipt, 1_764_170_000)
            .exec_async(&mut self.connection)
            .await?;
        Ok(())
    }
}

/// Returns the names of a process's connection and receipt.
fn names(number: usize) -> (String, String) {
    let instance = format!("simulated-{number}-0000");
    let name = format!("peers:@config:{instance}");
    (name, format!("redis-components:receipt:peers:{instance}"))
}

/// Returns a config up to the number that is to stand in it.
fn config_of(urls: &Urls) -> Result<String, Failure> {
    let [url, _] = &urls.data;
    let (_, port) = url.rsplit_once(':').ok_or("a URL without a port")?;
    Ok(format!(
        r#"{{"host": "127.0.0.1", "port": {port}, "comment": ""#
    ))
}
