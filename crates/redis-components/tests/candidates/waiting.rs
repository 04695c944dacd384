//! Calls that wait, while their data moves.

use redis::RedisResult;
use redis_components::__private::{AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{Connection, Scope, blocking};

use crate::common::{HOUR, declare, until};
use crate::pair::{Pair, is_ready};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_a_pop_that_its_server_has_ended_goes_on_at_the_new_one() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            logs.connection().await.unwrap();
            let mut pop = redis::cmd("BLPOP");
            pop.arg("queue").arg(0);
            let popped = pop.clone();
            let task = tokio::spawn(Scope::wrap(async move {
                let mut connection = <Connection as AcquireDedicated>::acquire(logs, "pop").await?;
                let answer: RedisResult<(String, u64)> = popped.query_async(&mut *connection).await;
                answer
            }));
            let scope = Scope::current().unwrap();
            let thread = tokio::task::spawn_blocking(move || {
                scope.run_blocking(|| {
                    let mut connection =
                        <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "pop")?;
                    let answer: RedisResult<(String, u64)> = pop.query(&mut connection);
                    answer
                })
            });
            let waiting = |server: usize| {
                let clients = pair.servers[server].command(&["CLIENT", "LIST"]);
                let clients: String = redis::from_redis_value(clients).unwrap();
                clients.matches("cmd=blpop").count()
            };
            until("both wait", async || waiting(0) == 2).await;
            pair.offer(logs, 1, "m1");
            is_ready("m1").await;
            pair.fail_over_from(0).await;
            pair.set(logs, 1);
            until("both wait at the new server", async || waiting(1) == 2).await;
            pair.servers[1].command(&["RPUSH", "queue", "1", "2"]);
            let mut popped = [
                task.await.unwrap().unwrap().1,
                thread.await.unwrap().unwrap().1,
            ];
            popped.sort_unstable();
            assert_eq!(popped, [1, 2]);
        })
        .await;
}
