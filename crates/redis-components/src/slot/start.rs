//! How attempts run: as a task of a runtime, or on a thread.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use super::attempt::{Attempt, Probation, Runner};
use super::candidate::keep_candidate_warm;
use super::circuit::ExecutorId;
use super::executor::{Executor, OnRuntime, OnThreads};
use super::published::{Clients, OfGeneration};
use crate::client::asynchronous::AsyncClient;
use crate::client::threads::BlockingClient;
use crate::fork::{claim_runtime, in_this_process};
use crate::os_thread;
use crate::transport::failure::Failure;

impl Runner for OnRuntime {
    type Client = AsyncClient;

    fn adopt(&self, clients: &Clients) -> Option<AsyncClient> {
        self.find(clients).map(|client| client.client.clone())
    }

    fn set_may_be_replica(client: &AsyncClient, may_be: bool) {
        client.set_may_be_replica(may_be);
    }

    fn id(&self) -> ExecutorId {
        ExecutorId::Runtime(self.0.id())
    }

    fn keep(&self, clients: &mut Clients, client: Arc<OfGeneration<AsyncClient>>) {
        let id = self.0.id();
        // Dead clients of other runtimes go too: nobody calls from a runtime that has ended.
        clients
            .runtimes
            .retain(|(runtime, client)| *runtime != id && !client.client.has_ended());
        clients.runtimes.push((id, client));
    }

    fn has(&self, clients: &Clients, client: &Weak<OfGeneration<AsyncClient>>) -> bool {
        let found = self.find(clients);
        found.is_some_and(|found| Arc::as_ptr(found) == client.as_ptr())
    }

    fn start(&self, attempt: Attempt<Self>) {
        if !claim_runtime(self.0.id()) {
            // There is no client, and so no probation.
            drop(attempt.finish(Err(Failure::runtime_of_parent())));
            return;
        }
        let executor = self.clone();
        self.0.spawn(in_this_process(async move {
            let Some(attempt) = attempt.settled().await else {
                return;
            };
            let opened = match attempt.adopt() {
                Some(client) => Ok(client),
                None => AsyncClient::open(attempt.opening()).await,
            };
            attempt.look_again(&opened).await;
            let slot = attempt.slot();
            if let Some(probation) = attempt.finish(opened) {
                tokio::time::sleep(Probation::LASTS).await;
                probation.end(|clients| executor.find(clients).is_some());
            }
            keep_candidate_warm(slot, executor).await;
        }));
    }
}

impl Runner for OnThreads {
    type Client = BlockingClient;

    fn adopt(&self, clients: &Clients) -> Option<BlockingClient> {
        self.find(clients).map(|pool| pool.client.clone())
    }

    fn set_may_be_replica(client: &BlockingClient, may_be: bool) {
        client.set_may_be_replica(may_be);
    }

    fn id(&self) -> ExecutorId {
        ExecutorId::Threads
    }

    fn keep(&self, clients: &mut Clients, client: Arc<OfGeneration<BlockingClient>>) {
        clients.pool = Some(client);
    }

    fn has(&self, clients: &Clients, client: &Weak<OfGeneration<BlockingClient>>) -> bool {
        let found = Self.find(clients);
        found.is_some_and(|found| Arc::as_ptr(found) == client.as_ptr())
    }

    fn start(&self, attempt: Attempt<Self>) {
        // Shared, because a thread that does not start drops what it was given.
        let shared = Arc::new(Mutex::new(Some(attempt)));
        let take = |shared: &Mutex<Option<Attempt<Self>>>| {
            shared.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        let theirs = Arc::clone(&shared);
        let started = os_thread::start("redis-components-connect", move || {
            let taken = take(&theirs);
            let settled = taken.and_then(|attempt| pollster::block_on(attempt.settled()));
            if let Some(attempt) = settled {
                let opened = match attempt.adopt() {
                    Some(client) => Ok(client),
                    None => BlockingClient::open(attempt.opening()),
                };
                pollster::block_on(attempt.look_again(&opened));
                if let Some(probation) = attempt.finish(opened) {
                    thread::sleep(Probation::LASTS);
                    probation.end(|clients| Self.find(clients).is_some());
                }
            }
        });
        if let Err(error) = started
            && let Some(attempt) = take(&shared)
        {
            let message = format!("the thread that connects cannot be started: {error}");
            // There is no client, and so no probation.
            drop(attempt.finish(Err(Failure::unreachable(message))));
        }
    }
}
