//! Calls that wait, while their data moves.

use redis::RedisResult;
use redis_components::__private::{AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{Connection, Scope, blocking};

use crate::common::{HOUR, declare, until};
use crate::pair::{Pair, is_in_force, is_ready};

/// Two calls that wait for an element, of a task and of a thread. The config follows the first move
/// before they begin to wait, or after.
async fn pops_through_two_moves(waits_before_the_cut: bool) {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            logs.connection().await.unwrap();
            let (begin, begun) = tokio::sync::watch::channel(waits_before_the_cut);
            let begins = async move |mut begun: tokio::sync::watch::Receiver<bool>| {
                begun.wait_for(|begun| *begun).await.unwrap();
            };
            let begins_here = begun.clone();
            let mut pop = redis::cmd("BLPOP");
            pop.arg("queue").arg(0);
            let popped = pop.clone();
            let task = tokio::spawn(Scope::wrap(async move {
                let mut connection = <Connection as AcquireDedicated>::acquire(logs, "pop").await?;
                begins(begins_here).await;
                let answer: RedisResult<(String, u64)> = popped.query_async(&mut *connection).await;
                answer
            }));
            let scope = Scope::current().unwrap();
            let thread = tokio::task::spawn_blocking(move || {
                scope.run_blocking(|| {
                    let mut connection =
                        <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "pop")?;
                    while !*begun.borrow() {
                        std::thread::sleep(std::time::Duration::from_millis(1));
                    }
                    let answer: RedisResult<(String, u64)> = pop.query(&mut connection);
                    answer
                })
            });
            let waiting = |server: usize| {
                let clients = pair.servers[server].command(&["CLIENT", "LIST"]);
                let clients: String = redis::from_redis_value(clients).unwrap();
                clients.matches("cmd=blpop").count()
            };
            if waits_before_the_cut {
                until("both wait", async || waiting(0) == 2).await;
            } else {
                let clients = || pair.servers[0].connected_clients();
                until("both are connected", async || clients() >= 4).await;
            }
            pair.offer(logs, 1, "m1");
            is_ready("m1").await;
            pair.fail_over_from(0).await;
            if !waits_before_the_cut {
                begin.send(true).unwrap();
                until("both wait at the candidate", async || waiting(1) == 2).await;
            }
            pair.set(logs, 1);
            until("both wait at the new server", async || waiting(1) == 2).await;
            pair.is_in_step(1).await;
            is_in_force(logs, 2).await;
            pair.offer(logs, 0, "m2");
            is_ready("m2").await;
            pair.fail_over_from(1).await;
            pair.set(logs, 0);
            until("both wait at the old server again", async || {
                waiting(0) == 2
            })
            .await;
            pair.servers[0].command(&["RPUSH", "queue", "1", "2"]);
            let mut popped = [
                task.await.unwrap().unwrap().1,
                thread.await.unwrap().unwrap().1,
            ];
            popped.sort_unstable();
            assert_eq!(popped, [1, 2]);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_a_pop_that_its_server_has_ended_goes_on_at_the_new_one() {
    pops_through_two_moves(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_a_pop_that_waits_at_the_candidate_follows_the_next_move() {
    pops_through_two_moves(false).await;
}

/// What a dedicated connection does while its component moves.
async fn dedicated_calls(commands: fn() -> [redis::Cmd; 2]) {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            let acquired = <Connection as AcquireDedicated>::acquire(logs, "write").await;
            let mut connection = acquired.unwrap();
            let scope = Scope::current().unwrap();
            let (ask, asked) = std::sync::mpsc::channel();
            let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
            let thread = tokio::task::spawn_blocking(move || {
                scope.run_blocking(|| {
                    let acquire = <blocking::Connection as AcquireDedicatedBlocking>::acquire;
                    let mut connection = acquire(logs, "write").unwrap();
                    while let Ok(command) = asked.recv() {
                        let command: redis::Cmd = command;
                        tell.send(command.query::<redis::Value>(&mut connection))
                            .unwrap();
                    }
                });
            });
            let mut both = async |command: redis::Cmd| {
                ask.send(command.clone()).unwrap();
                let of_thread = told.recv().await.unwrap();
                let of_task: RedisResult<redis::Value> =
                    command.query_async(&mut *connection).await;
                (of_thread.unwrap(), of_task.unwrap())
            };
            let [before, after] = commands();
            let first = both(before).await;
            pair.offer(logs, 1, "m1");
            is_ready("m1").await;
            pair.fail_over_from(0).await;
            // The config names the old server still.
            let second = both(after).await;
            assert_ne!(first, second);
            pair.set(logs, 1);
            pair.is_in_step(1).await;
            is_in_force(logs, 2).await;
            // And back, with the same connections, which have seen the move.
            pair.offer(logs, 0, "m2");
            is_ready("m2").await;
            pair.fail_over_from(1).await;
            let [_, again] = commands();
            both(again).await;
            drop(ask);
            thread.await.unwrap();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_a_write_over_a_dedicated_connection_goes_to_the_candidate() {
    dedicated_calls(|| {
        let mut incr = redis::cmd("INCR");
        incr.arg("n");
        [incr.clone(), incr]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_a_pop_over_a_dedicated_connection_goes_to_the_candidate() {
    dedicated_calls(|| {
        let mut push = redis::cmd("RPUSH");
        push.arg("queue").arg(1).arg(2).arg(3).arg(4);
        let mut pop = redis::cmd("BLPOP");
        pop.arg("queue").arg(0);
        [push, pop]
    })
    .await;
}
