//! R15: sentinels and clusters move their data in their own ways.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use redis_components_testing::{Cluster, Proxy, Sentinels, Server};
use serde_json::{Value, json};

use crate::common::{Operator, Run, wait_until};
use crate::load::role;
#[cfg(target_os = "linux")]
use crate::terminal::at_terminal_after;

#[track_caller]
fn refused(operator: &Operator, words: &[&str], part: &str) {
    let (code, envelope) = operator.json(words);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (3, &json!("not_possible")),
        "{envelope:#}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(part), "{message}");
}

/// Returns `true` when all sentinels list a replica with this priority.
pub(crate) fn is_listed(sentinels: &Sentinels, replica: &Server, priority: &str) -> bool {
    sentinels.sentinels().iter().all(|sentinel| {
        let listed = sentinel.command(&["SENTINEL", "REPLICAS", sentinels.service_name()]);
        let listed: Vec<std::collections::HashMap<String, String>> =
            redis::from_redis_value(listed).unwrap();
        listed.iter().any(|one| {
            one["port"] == replica.port().to_string()
                && one["slave-priority"] == priority
                && one["master-link-status"] == "ok"
        })
    })
}

#[test]
fn r15_sentinels_let_the_named_replica_take_over() {
    let (config, sentinels) = (Server::start(), Sentinels::start());
    let operator = Operator::of(&config);
    let file = operator.file("logs.json", &sentinels.config());
    operator.done(&["set", "logs", file.to_str().unwrap(), "--create"]);
    let (old, new, stranger) = (sentinels.server(0), sentinels.server(1), Server::start());
    old.command(&["SET", "known", "before"]);
    let address = |server: &Server| format!("127.0.0.1:{}", server.port());
    let (to, elsewhere) = (address(new), address(&stranger));
    let words = ["move", "logs", "--yes", "--to"];
    let to_stranger = [&words[..], &[&elsewhere]].concat();
    refused(
        &operator,
        &to_stranger,
        "no replica that the sentinels know",
    );
    let words = [&words[..], &[&to]].concat();
    refused(&operator, &words, "`replica-priority` to 1");
    new.command(&["CONFIG", "SET", "replica-priority", "1"]);
    wait_until("the priority", || is_listed(&sentinels, new, "1"));
    let asked =
        sentinels
            .sentinel(0)
            .try_command(&["SENTINEL", "FAILOVER", "nobody", "COORDINATED"]);
    let is_coordinated = asked.unwrap_err().to_string().contains("No such");
    let moved = if is_coordinated {
        // Sentinels end the connections to the old one, and a call in flight may have been executed.
        let mut connection = old.connection();
        let acknowledged = Arc::<AtomicU64>::default();
        let counting = thread::spawn({
            let acknowledged = Arc::clone(&acknowledged);
            move || {
                let mut count = || {
                    redis::cmd("INCR")
                        .arg("counter")
                        .query::<u64>(&mut connection)
                };
                while count().is_ok() {
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        wait_until("writes", || acknowledged.load(Ordering::Relaxed) > 100);
        let moved = operator.data(&words);
        counting.join().unwrap();
        let acknowledged = acknowledged.load(Ordering::Relaxed);
        let mut get = redis::cmd("GET");
        let counted: u64 = get.arg("counter").query(&mut new.connection()).unwrap();
        assert!(
            (acknowledged..=acknowledged + 1).contains(&counted),
            "{counted} of {acknowledged}"
        );
        moved
    } else {
        refused(&operator, &words, "--accept-loss");
        assert_eq!(sentinels.primary(), 0);
        operator.data(&[&words[..], &["--accept-loss"]].concat())
    };
    assert_eq!(moved["state"], "committed", "{moved:#}");
    assert_eq!(sentinels.primary(), 1);
    wait_until("the old one follows", || {
        let role = redis::cmd("ROLE").query::<Vec<redis::Value>>(&mut old.connection());
        role.unwrap()[0] == redis::Value::BulkString(b"slave".into())
    });
    let known = redis::cmd("GET")
        .arg("known")
        .query::<String>(&mut new.connection());
    assert_eq!(known.unwrap(), "before");
    // The config stays, and the same command finds that all is done.
    let kept: Value = operator.data(&["get", "logs"]);
    assert_eq!(kept["config"]["service_name"], "main");
    assert_eq!(operator.data(&words)["state"], "committed");
    let (code, envelope) = operator.json(&["move", "logs", "--resume", "--yes"]);
    assert_eq!((code, &envelope["error"]["code"]), (1, &json!("no_move")));
}

/// The sentinel's answer is lost, and the servers say what came of it.
#[cfg(target_os = "linux")]
#[test]
fn r15_a_fail_over_whose_answer_is_lost_is_looked_for() {
    let (config, sentinels) = (Server::start(), Sentinels::start());
    let operator = Operator::of(&config);
    let proxy = Proxy::to(sentinels.sentinel(0));
    let service = sentinels.service_name();
    let logs = format!(
        r#"{{"sentinels":["127.0.0.1:{}"],"service_name":"{service}"}}"#,
        proxy.port()
    );
    let file = operator.file("logs.json", &logs);
    operator.done(&["set", "logs", file.to_str().unwrap(), "--create"]);
    let new = sentinels.server(1);
    new.command(&["CONFIG", "SET", "replica-priority", "1"]);
    wait_until("the priority", || is_listed(&sentinels, new, "1"));
    let to = format!("127.0.0.1:{}", new.port());
    let words = ["move", "logs", "--to", &to, "--accept-loss"];
    // What a fail-over by sentinels would leave out is refused.
    let refused = [&words[..], &["--until", "synced"]].concat();
    let (code, envelope) = operator.json(&refused);
    let message = envelope["error"]["message"].as_str().unwrap();
    assert_eq!((code, message.contains("--until")), (2, true), "{message}");
    let lose = || proxy.mute("OK");
    let (code, shown) = at_terminal_after(&operator, &words, "[y/N]", "y\n", lose);
    assert_eq!(code, 0, "{shown}");
    assert_eq!(sentinels.primary(), 1);
}

#[test]
fn r15_a_server_that_sentinels_watch_does_not_move_behind_their_back() {
    let (config, sentinels) = (Server::start(), Sentinels::start());
    let target = Server::start();
    let operator = Operator::of(&config);
    operator.make_logs(sentinels.server(0));
    let to = format!("127.0.0.1:{}", target.port());
    let words = ["move", "logs", "--to", &to, "--yes"];
    refused(&operator, &words, "`sentinels` and `service_name`");
    assert_eq!(role(&target), "master");
    assert_eq!(sentinels.primary(), 0);
}

#[test]
fn r15_a_cluster_is_told_how_its_slots_move() {
    let (config, cluster) = (Server::start(), Cluster::start(3, 0));
    let (source, target) = (Server::start(), Server::start());
    let operator = Operator::of(&config);
    let file = operator.file("logs.json", &cluster.config());
    operator.done(&["set", "logs", file.to_str().unwrap(), "--create"]);
    let to = format!("127.0.0.1:{}", target.port());
    let words = ["move", "logs", "--to", &to, "--yes"];
    refused(&operator, &words, "redis-cli --cluster reshard");
    // A single server does not become a node, nor a node a single server.
    operator.make_other("stats", &source);
    let to = format!("127.0.0.1:{}", cluster.node(0).port());
    let words = ["move", "stats", "--to", &to, "--yes"];
    refused(&operator, &words, "cluster");
    let port = format!("port={}", cluster.node(1).port());
    let words = [
        "set",
        "node",
        "host=127.0.0.1",
        &port,
        "--create",
        "--no-probe",
        "--yes",
    ];
    operator.done(&words);
    let to = format!("127.0.0.1:{}", target.port());
    let words = ["move", "node", "--to", &to, "--yes"];
    refused(&operator, &words, "cluster");
    assert_eq!(role(&target), "master");
}

#[test]
fn r15_the_old_primary_follows_before_its_sentinels_say_so() {
    let (config, sentinels) = (Server::start(), Sentinels::start());
    let operator = Operator::of(&config);
    let file = operator.file("logs.json", &sentinels.config());
    operator.done(&["set", "logs", file.to_str().unwrap(), "--create"]);
    let (old, new) = (sentinels.server(0), sentinels.server(1));
    new.command(&["CONFIG", "SET", "replica-priority", "1"]);
    wait_until("the priority", || is_listed(&sentinels, new, "1"));
    let to = format!("127.0.0.1:{}", new.port());
    let words = [
        "move",
        "logs",
        "--to",
        &to,
        "--accept-loss",
        "--yes",
        "--timeout",
        "60s",
    ];
    let mut command = operator.command(&words);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let moving = command.spawn().unwrap();
    let role = |server: &Server| {
        let role = redis::cmd("ROLE").query::<Vec<redis::Value>>(&mut server.connection());
        role.map(|role| role[0] == redis::Value::BulkString(b"master".into()))
    };
    wait_until("the new one takes writes", || role(new) == Ok(true));
    // They have not noticed it yet, unless this test is slow.
    let all = sentinels.sentinels();
    all.iter().for_each(Server::freeze);
    wait_until("the old one follows", || role(old) == Ok(false));
    all.iter().for_each(Server::thaw);
    let moved = Run::of(&moving.wait_with_output().unwrap());
    assert_eq!(moved.code, 0, "{moved:#?}");
    assert!(moved.stderr.contains("does not have"), "{moved:#?}");
}
