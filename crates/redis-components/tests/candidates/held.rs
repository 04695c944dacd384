//! What a fenced server refuses waits while a program copies its data.

use redis::RedisResult;
use redis_components::__private::{AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{Component, Connection, Scope, blocking};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::common::{HOUR, declare, until};
use crate::pair::{Pair, is_ready};

const COUNT: &str = "return redis.call('INCR', KEYS[1])";
const FENCE: &str = "min-replicas-to-write";

fn of_task(logs: &'static Component, way: &'static str) -> JoinHandle<RedisResult<u64>> {
    tokio::spawn(Scope::wrap(async move {
        let mut connection = logs.connection().await?;
        let (mut get, mut incr) = (redis::cmd("GET"), redis::cmd("INCR"));
        get.arg("n");
        incr.arg("n");
        let mut all = redis::pipe();
        match way {
            "after a read" => {
                let _: u64 = get.query_async(&mut connection).await?;
                incr.query_async(&mut connection).await
            }
            "script" => {
                let script = redis::Script::new(COUNT);
                script.key("n").invoke_async(&mut connection).await
            }
            _ => {
                if way == "transaction" {
                    all.atomic();
                }
                all.add_command(get).ignore().add_command(incr);
                let (count,) = all.query_async(&mut connection).await?;
                Ok(count)
            }
        }
    }))
}

fn of_thread(logs: &'static Component) -> JoinHandle<RedisResult<u64>> {
    let scope = Scope::current().unwrap();
    tokio::task::spawn_blocking(move || {
        scope.run_blocking(|| {
            let mut connection = logs.blocking_connection()?;
            let mut get = redis::cmd("GET");
            let _: u64 = get.arg("n").query(&mut connection)?;
            redis::cmd("INCR").arg("n").query(&mut connection)
        })
    })
}

fn pop(name: &str) -> redis::Cmd {
    let mut pop = redis::cmd("BLPOP");
    pop.arg(format!("queue:{name}")).arg(0);
    pop
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_what_is_refused_while_data_is_copied_waits_until_the_config_is_in_force() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    let [old, new] = &pair.servers;
    new.command(&["REPLICAOF", "NO", "ONE"]);
    old.command(&["SET", "n", "5"]);
    pair.settings()
        .scope(async {
            logs.connection().await.unwrap();
            // As of earlier calls. The new server does not have it, and is given it.
            old.command(&["SCRIPT", "LOAD", COUNT]);
            let config: Value = serde_json::from_str(&new.config()).unwrap();
            let copy = json!({"id": "copy", "config": config, "on": [], "hold": ["NOREPLICAS"]});
            pair.control(&json!({"prepare": {"logs": copy}}));
            is_ready("copy").await;
            // These waited before.
            let waits = tokio::spawn(Scope::wrap(async move {
                let mut connection = <Connection as AcquireDedicated>::acquire(logs, "pop").await?;
                let popped: RedisResult<(String, u64)> =
                    pop("task").query_async(&mut *connection).await;
                popped
            }));
            let waiting = || {
                let clients = old.command(&["CLIENT", "LIST"]);
                let clients: String = redis::from_redis_value(clients).unwrap();
                clients.matches("cmd=blpop").count()
            };
            until("it waits", async || waiting() == 1).await;
            old.command(&["CONFIG", "SET", FENCE, "9"]);
            let scope = Scope::current().unwrap();
            let begins_to_wait = tokio::task::spawn_blocking(move || {
                scope.run_blocking(|| {
                    let acquired =
                        <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "pop");
                    let popped: RedisResult<(String, u64)> = pop("thread").query(&mut acquired?);
                    popped
                })
            });
            let ways = ["after a read", "script", "pipeline", "transaction"];
            let mut counts: Vec<_> = ways.iter().map(|way| of_task(logs, way)).collect();
            counts.push(of_thread(logs));
            until("all are refused", async || {
                let info = old.command(&["INFO", "errorstats"]);
                let info: String = redis::from_redis_value(info).unwrap();
                let counts = info
                    .lines()
                    .filter_map(|line| line.split_once("_NOREPLICAS:count="));
                counts
                    .map(|(_, count)| count.trim().parse::<u64>().unwrap())
                    .sum::<u64>()
                    > 60
            })
            .await;
            assert!(counts.iter().all(|count| !count.is_finished()));
            // Nothing has gone to a server that lacks the data.
            let nothing = new.command(&["EXISTS", "n"]);
            assert_eq!(redis::from_redis_value::<u64>(nothing).unwrap(), 0);
            new.command(&["SET", "n", "5"]);
            pair.set(logs, 1);
            let mut told = Vec::new();
            for count in counts {
                told.push(count.await.unwrap().unwrap());
            }
            told.sort_unstable();
            assert_eq!(told, [6, 7, 8, 9, 10]);
            new.command(&["RPUSH", "queue:task", "1"]);
            new.command(&["RPUSH", "queue:thread", "2"]);
            assert_eq!(waits.await.unwrap().unwrap().1, 1);
            assert_eq!(begins_to_wait.await.unwrap().unwrap().1, 2);
            let unchanged = old.command(&["GET", "n"]);
            assert_eq!(redis::from_redis_value::<u64>(unchanged).unwrap(), 5);
        })
        .await;
}

#[tokio::test]
async fn r15_what_waited_for_a_copy_goes_on_when_its_server_takes_writes_again() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    let [old, new] = &pair.servers;
    new.command(&["REPLICAOF", "NO", "ONE"]);
    old.command(&["SET", "n", "5"]);
    pair.settings()
        .scope(async {
            logs.connection().await.unwrap();
            let config: Value = serde_json::from_str(&new.config()).unwrap();
            let copy = json!({"id": "copy", "config": config, "hold": ["NOREPLICAS"]});
            pair.control(&json!({"prepare": {"logs": copy}}));
            is_ready("copy").await;
            old.command(&["CONFIG", "SET", FENCE, "9"]);
            let counts = [of_task(logs, "after a read"), of_thread(logs)];
            until("one is refused", async || {
                let info = old.command(&["INFO", "errorstats"]);
                let info: String = redis::from_redis_value(info).unwrap();
                info.contains("NOREPLICAS")
            })
            .await;
            old.command(&["CONFIG", "SET", FENCE, "0"]);
            pair.control(&json!({}));
            let mut told = Vec::new();
            for count in counts {
                told.push(count.await.unwrap().unwrap());
            }
            told.sort_unstable();
            assert_eq!(told, [6, 7]);
        })
        .await;
}
