//! How a call gets its client.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, Either, select};

use super::attempt::Attempt;
use super::breaker::{Attempts, Goal, Over};
use super::executor::{Executor, OnRuntime, OnThreads};
use super::published::{OfGeneration, Succession};
use super::slot::Slot;
use crate::client::asynchronous::AsyncClient;
use crate::client::threads::BlockingClient;
use crate::clock::Wait;
use crate::config::ComponentConfig;
use crate::error::Error;

/// How long "there is no config" is believed: briefly, because somebody is about to SET the key.
const BELIEVED_MISSING: Wait = Wait::of(Duration::from_millis(100));

/// The next step of a call.
enum Next<X: Executor> {
    Use(Arc<OfGeneration<X::Client>>),
    /// Wait until the attempt is over, or the target has another revision than this.
    Wait(Over, u64),
    /// Start the attempt, and look again.
    Start(Attempt<X>),
}

impl Slot {
    /// Returns the same as [`acquire`](Self::acquire), if there is nothing to wait for. This is the
    /// usual case.
    #[inline]
    pub(crate) fn ready<X: Executor>(
        &self,
        executor: &X,
        wait: Wait,
    ) -> Option<Arc<OfGeneration<X::Client>>> {
        // The order matters: the proof says how old the values that are loaded after it may be.
        if self.watched.is_proven(wait) {
            self.current(executor)
        } else {
            None
        }
    }

    /// Returns the client for a call that begins now. Its config is proven to have been current no
    /// more than `wait` ago. If the config server does not answer or its config cannot be used, it
    /// is the last good client.
    pub(crate) async fn acquire<X: Executor>(
        self: &Arc<Self>,
        executor: &X,
        wait: Wait,
    ) -> Result<Arc<OfGeneration<X::Client>>, Error> {
        if let Some(client) = self.ready(executor, wait) {
            return Ok(client);
        }
        if wait.is_zero()
            && let Some(client) = self.confirmed(executor).await
        {
            return Ok(client);
        }
        let begun = Instant::now();
        self.renew_proof(executor, wait).await;
        let mut waits_since = None;
        let mut waited = Duration::ZERO;
        loop {
            match self.decide(executor, begun, waited)? {
                Next::Use(client) => return Ok(client),
                Next::Wait(over, revision) => {
                    let since = *waits_since.get_or_insert_with(Instant::now);
                    let _following = self.watched.follow();
                    let elsewhere = pin!(self.watched.revised(revision));
                    if let Either::Right(_) = select(pin!(over.wait()), elsewhere).await {
                        waited = since.elapsed();
                    }
                }
                // The next turn decides what to do meanwhile.
                Next::Start(attempt) => executor.start(attempt),
            }
        }
    }

    /// Returns the pool for a blocking call that begins now.
    pub(crate) fn pool(
        self: &Arc<Self>,
        wait: Wait,
    ) -> Result<Arc<OfGeneration<BlockingClient>>, Error> {
        match self.ready(&OnThreads, wait) {
            Some(pool) => Ok(pool),
            None => pollster::block_on(self.acquire(&OnThreads, wait)),
        }
    }

    /// Returns the client on `executor`, if it is built from the newest config and lives.
    fn current<X: Executor>(&self, executor: &X) -> Option<Arc<OfGeneration<X::Client>>> {
        let revision = self.watched.revision();
        let published = self.published.load();
        let published = published.as_ref()?;
        if published.revision != revision {
            return None;
        }
        executor.find(&published.clients).cloned()
    }

    /// Returns the client on `executor`, if a read of the config that is sent from now on finds it
    /// current. Everything else is left to the watch: a config that has changed, a read without an
    /// answer, a client that has to be built.
    async fn confirmed<X: Executor>(&self, executor: &X) -> Option<Arc<OfGeneration<X::Client>>> {
        let server = self.server.as_ref()?;
        if !self.watched.may_be_confirmed() || self.current(executor).is_none() {
            return None;
        }
        let answer = executor.read_beside(server, &self.watched, self.key());
        let revision = self.watched.confirmed_by(&answer.await?)?;
        let published = self.published.load();
        let published = published.as_ref();
        let confirmed = published.filter(|published| published.revision == revision)?;
        executor.find(&confirmed.clients).cloned()
    }

    /// Reads the config if there is no proof that it is current. Skips the read if the config
    /// server is known to be silent, and a last good client or config can serve.
    async fn renew_proof<X: Executor>(&self, executor: &X, wait: Wait) {
        let (cold, broken) = match self.published.load().as_ref() {
            None => (true, false),
            Some(published) => {
                let clients = &published.clients;
                let is_dead = executor.had(clients) && executor.find(clients).is_none();
                // A connection that ended is a reason to look whether the component has moved,
                // once.
                let has_looked = || {
                    let breaker = &self.state().breaker;
                    breaker.has_failed(executor.id(), published.revision)
                };
                (false, is_dead && !has_looked())
            }
        };
        if broken {
            // Its sentinels may know better where the server of the same config is.
            self.watched.ask_sentinels().await;
        }
        let Some(server) = &self.server else { return };
        let wait = if cold && self.watched.target().config.is_none() {
            wait.min(BELIEVED_MISSING)
        } else {
            wait
        };
        let is_proven = || self.watched.is_proven(wait) && !(cold && self.watched.is_old());
        let can_start = !cold || self.watched.is_from_file();
        let is_due = || (broken || !is_proven()) && !(can_start && server.is_lost());
        if is_due() && !(broken || cold || wait.is_zero()) {
            // A read for another call may have been sent no longer than `wait` ago.
            self.watched.finish_reads().await;
        }
        if is_due() {
            self.watched.read().await;
        }
    }

    /// Decides how a call on `executor` gets its client, from the newest config and the published
    /// one.
    ///
    /// The call began at `begun`. It does not wait again for an attempt that has failed since then.
    /// It had `waited` for attempts when the config last changed meanwhile.
    fn decide<X: Executor>(
        self: &Arc<Self>,
        executor: &X,
        begun: Instant,
        waited: Duration,
    ) -> Result<Next<X>, Error> {
        self.note_early_end(executor);
        let mut state = self.state();
        if state.is_shut_down {
            return Err(self.was_shut_down());
        }
        let target = self.watched.target();
        let mut published = self.published.load_full();
        let revisions = published.as_ref().map(|published| published.revision);
        state
            .breaker
            .forget_except(|revision| revision == target.revision || Some(revision) == revisions);

        if let (Some(config), Some(current)) = (&target.config, &published)
            && current.config == *config
            && current.revision != target.revision
        {
            // The config went elsewhere and came back, or never changed: the clients are built from
            // it already.
            let adopted = Arc::new(current.at_revision(target.revision));
            self.published.store(Some(Arc::clone(&adopted)));
            published = Some(adopted);
        }
        if target
            .config
            .as_deref()
            .is_some_and(ComponentConfig::is_disabled)
        {
            self.switch_off(state);
            return Err(self.disabled());
        }
        let existing = published
            .as_ref()
            .and_then(|published| executor.find(&published.clients))
            .cloned();

        let breaker = &mut state.breaker;
        let id = executor.id();
        let mut refusal = None;
        if let Some(goal) = Goal::new_config(&target, published.as_deref()) {
            // Calls wait for the first attempt. While a failed one is retried, the last good client
            // serves. The same holds if configs change so fast that no attempt is over in time.
            let has_failed = existing.is_some() && breaker.has_failed(id, goal.revision);
            let is_late = waited >= self.longest_attempt(&goal.config);
            match breaker.attempts(id, goal.revision, begun) {
                Attempts::None => {
                    let attempt = Attempt::begin(breaker, self, executor, goal);
                    return Ok(Next::Start(attempt));
                }
                Attempts::Running(over) if !(has_failed || is_late) => {
                    return Ok(Next::Wait(over, target.revision));
                }
                Attempts::Running(_) => refusal = is_late.then(|| self.changes_too_fast(&goal)),
                Attempts::Failed(error) => refusal = Some(error),
            }
        }
        if let Some(client) = existing {
            return Ok(Next::Use(client));
        }
        let Some(published) = published else {
            return Err(refusal.unwrap_or_else(|| self.no_config(&target)));
        };
        let goal = Goal::same_config(&published);
        // A server that refuses further connections still serves those that it has.
        let reduced = breaker
            .is_refused(id, goal.revision)
            .then(|| executor.find_reduced(&published.clients).cloned())
            .flatten();
        match breaker.attempts(id, goal.revision, begun) {
            Attempts::None => {
                let attempt = Attempt::begin(breaker, self, executor, goal);
                Ok(Next::Start(attempt))
            }
            Attempts::Running(over) => match reduced {
                Some(client) => Ok(Next::Use(client)),
                None => Ok(Next::Wait(over, target.revision)),
            },
            Attempts::Failed(error) => reduced.map(Next::Use).ok_or(error),
        }
    }

    /// Returns the time within which an attempt is over: its sentinels and files have the connect
    /// timeout, and then its server has.
    fn longest_attempt(&self, config: &ComponentConfig) -> Duration {
        self.timeouts().of(config).connect.saturating_mul(2)
    }
}

/// A call whose command was refused looks at the config before it goes on.
impl Succession for Slot {
    fn is_behind(&self) -> bool {
        let revision = self.watched.revision();
        let published = self.published.load();
        published
            .as_ref()
            .is_some_and(|published| published.revision != revision)
    }

    fn next_client(self: Arc<Self>) -> BoxFuture<'static, Option<Arc<OfGeneration<AsyncClient>>>> {
        Box::pin(async move {
            let executor = OnRuntime::current()?;
            self.acquire(&executor, Wait::ZERO).await.ok()
        })
    }

    fn next_pool(self: Arc<Self>) -> Option<Arc<OfGeneration<BlockingClient>>> {
        self.pool(Wait::ZERO).ok()
    }

    fn has_candidate(&self, code: &str) -> bool {
        let candidate = self.candidate();
        candidate.is_some_and(|candidate| candidate.takes(code))
    }

    fn is_held(&self, code: &str) -> bool {
        let candidate = self.candidate();
        candidate.is_some_and(|candidate| candidate.holds(code))
    }

    fn run_of_candidate(&self) -> Option<String> {
        self.candidate()?.run_id().map(str::to_owned)
    }

    fn candidate_client<'a>(
        self: Arc<Self>,
        code: &'a str,
    ) -> BoxFuture<'a, Option<Arc<OfGeneration<AsyncClient>>>> {
        Box::pin(async move {
            let candidate = self.candidate()?;
            let executor = OnRuntime::current().filter(|_| candidate.takes(code))?;
            candidate.slot().acquire(&executor, Wait::ZERO).await.ok()
        })
    }

    fn candidate_pool(self: Arc<Self>, code: &str) -> Option<Arc<OfGeneration<BlockingClient>>> {
        let candidate = self.candidate()?;
        let slot = candidate.slot();
        candidate.takes(code).then(|| slot.pool(Wait::ZERO).ok())?
    }
}
