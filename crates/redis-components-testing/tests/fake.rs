//! What tests may rely on when they start a fake server.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::{Duration, Instant};

use redis::{Connection, RedisResult};
use redis_components_testing::{FakeServer, Fault};

const TIMEOUT: Duration = Duration::from_secs(10);

fn connect(fake: &FakeServer) -> Connection {
    let client = redis::Client::open(fake.url()).unwrap();
    let connection = client.get_connection_with_timeout(TIMEOUT).unwrap();
    connection.set_read_timeout(Some(TIMEOUT)).unwrap();
    connection
}

fn increment(connection: &mut Connection, key: &str) -> RedisResult<i64> {
    redis::cmd("INCR").arg(key).query(connection)
}

fn refusal<T>(answer: RedisResult<T>) -> Option<String> {
    let error = answer.err()?;
    error.code().map(str::to_owned)
}

#[test]
fn commands_are_executed_and_counted() {
    let fake = FakeServer::start();
    let mut connection = connect(&fake);
    assert_eq!(increment(&mut connection, "a").unwrap(), 1);
    assert_eq!(increment(&mut connection, "a").unwrap(), 2);
    redis::cmd("SET")
        .arg(&["b", "x"])
        .exec(&mut connection)
        .unwrap();
    let found: Vec<Option<String>> = ["a", "b", "c"]
        .map(|key| redis::cmd("GET").arg(key).query(&mut connection).unwrap())
        .into();
    assert_eq!(found, [Some("2".into()), Some("x".into()), None]);
    assert!(increment(&mut connection, "b").is_err());
    let removed: u64 = redis::cmd("DEL")
        .arg(&["a", "c"])
        .query(&mut connection)
        .unwrap();
    assert_eq!((removed, fake.value("a")), (1, None));
    assert_eq!((fake.executions("incr"), fake.accepted()), (3, 1));
    let unknown = redis::cmd("LPUSH").arg(&["l", "x"]).exec(&mut connection);
    assert!(unknown.unwrap_err().to_string().contains("LPUSH"));
}

#[test]
fn a_client_can_log_in_with_either_protocol() {
    let fake = FakeServer::start();
    for protocol in ["resp2", "resp3"] {
        let url = format!(
            "redis://user:secret@127.0.0.1:{}/?protocol={protocol}",
            fake.port()
        );
        let client = redis::Client::open(url).unwrap();
        let mut connection = client.get_connection_with_timeout(TIMEOUT).unwrap();
        increment(&mut connection, "key").unwrap();
        let missing: Option<String> = redis::cmd("GET")
            .arg("none")
            .query(&mut connection)
            .unwrap();
        assert_eq!(missing, None);
    }
    assert_eq!((fake.received("HELLO"), fake.received("AUTH")), (1, 1));
}

#[test]
fn a_command_can_be_executed_and_not_answered() {
    let fake = FakeServer::start();
    fake.once("INCR", Fault::ExecuteAndClose);
    let error = increment(&mut connect(&fake), "key").unwrap_err();
    assert!(error.is_connection_dropped(), "{error}");
    assert_eq!(fake.executions("INCR"), 1);
    fake.once("INCR", Fault::Close);
    assert!(increment(&mut connect(&fake), "key").is_err());
    assert_eq!((fake.executions("INCR"), fake.received("INCR")), (1, 2));
    fake.once("INCR", Fault::ExecuteAndStall);
    let mut connection = connect(&fake);
    connection
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    assert!(increment(&mut connection, "key").unwrap_err().is_timeout());
    assert_eq!(fake.executions("INCR"), 2);
    assert_eq!(increment(&mut connect(&fake), "key").unwrap(), 3);
}

#[test]
fn an_answer_can_be_late_or_another() {
    let fake = FakeServer::start();
    let mut connection = connect(&fake);
    let delay = Duration::from_millis(50);
    fake.once("INCR", Fault::Delay(delay));
    let begin = Instant::now();
    assert_eq!(increment(&mut connection, "key").unwrap(), 1);
    assert!(begin.elapsed() >= delay);
    fake.once("INCR", Fault::Answer(b":77\r\n".to_vec()));
    assert_eq!(increment(&mut connection, "key").unwrap(), 77);
    assert_eq!(fake.executions("INCR"), 1);
}

#[test]
fn refusals_are_for_the_commands_that_begin_with_their_words() {
    let fake = FakeServer::start();
    let mut connection = connect(&fake);
    let again = || Fault::Refuse("TRYAGAIN later".to_owned());
    fake.once("incr y", again());
    assert_eq!(increment(&mut connection, "x").unwrap(), 1);
    let code = refusal(increment(&mut connection, "y"));
    assert_eq!(code.as_deref(), Some("TRYAGAIN"));
    assert_eq!(increment(&mut connection, "y").unwrap(), 1);
    fake.always("INCR", again());
    for _ in 0..2 {
        assert!(increment(&mut connection, "y").is_err());
    }
    fake.heal();
    assert_eq!(increment(&mut connection, "y").unwrap(), 2);
}

#[test]
fn asking_opens_a_slot_for_one_command_or_one_transaction() {
    let fake = FakeServer::start();
    let mut connection = connect(&fake);
    let moved = "MOVED 7 127.0.0.1:7000".to_owned();
    fake.always("INCR", Fault::RefuseUnlessAsked(moved));
    let asking = redis::cmd("ASKING");
    assert_eq!(
        refusal(increment(&mut connection, "key")).as_deref(),
        Some("MOVED")
    );
    asking.exec(&mut connection).unwrap();
    assert_eq!(increment(&mut connection, "key").unwrap(), 1);
    assert!(increment(&mut connection, "key").is_err());
    asking.exec(&mut connection).unwrap();
    redis::cmd("PING").exec(&mut connection).unwrap();
    assert!(increment(&mut connection, "key").is_err());
    asking.exec(&mut connection).unwrap();
    let mut twice = redis::pipe();
    twice.atomic().cmd("INCR").arg("key").cmd("INCR").arg("key");
    assert_eq!(twice.query::<Vec<i64>>(&mut connection).unwrap(), [2, 3]);
    assert!(increment(&mut connection, "key").is_err());
}

#[test]
fn a_transaction_is_executed_as_a_whole_or_not_at_all() {
    let fake = FakeServer::start();
    let mut pipeline = redis::pipe();
    pipeline.atomic().cmd("INCR").arg("x").cmd("INCR").arg("y");
    let refuse = || Fault::Refuse("TRYAGAIN later".to_owned());
    // Read one by one, because redis-rs does not hand out an error of EXEC.
    let replies = || {
        let mut connection = connect(&fake);
        let packed = pipeline.get_packed_pipeline();
        connection.send_packed_command(&packed).unwrap();
        [(); 4].map(|()| format!("{:?}", connection.recv_response()))
    };
    fake.once("INCR y", refuse());
    let [.., refused, aborted] = replies();
    assert!(refused.contains("TRYAGAIN"), "{refused}");
    assert!(aborted.contains("EXECABORT"), "{aborted}");
    fake.once("EXEC", refuse());
    let [.., queued, refused] = replies();
    assert!(queued.contains("QUEUED"), "{queued}");
    assert!(refused.contains("TRYAGAIN"), "{refused}");
    assert_eq!(fake.executions("INCR"), 0);
    fake.once("EXEC", Fault::ExecuteAndClose);
    assert!(pipeline.exec(&mut connect(&fake)).is_err());
    assert_eq!((fake.executions("INCR"), fake.executions("EXEC")), (2, 1));
    let mut connection = connect(&fake);
    assert_eq!(pipeline.query::<Vec<i64>>(&mut connection).unwrap(), [2, 2]);
}

#[test]
fn fake_nodes_are_a_cluster_to_its_clients() {
    let nodes = FakeServer::cluster(3);
    let client = redis::Client::open(nodes[1].url()).unwrap();
    let mut connection = client.get_connection_with_timeout(TIMEOUT).unwrap();
    let slots: Vec<(u16, u16, (String, u16, String))> = redis::cmd("CLUSTER")
        .arg("SLOTS")
        .query(&mut connection)
        .unwrap();
    let found: Vec<_> = slots
        .iter()
        .map(|(first, last, (_, port, _))| (*first, *last, *port))
        .collect();
    let ports: Vec<u16> = nodes.iter().map(FakeServer::port).collect();
    let expected = [
        (0, 5460, ports[0]),
        (5461, 10921, ports[1]),
        (10922, 16383, ports[2]),
    ];
    assert_eq!(found, expected);
    let shards = redis::cmd("CLUSTER")
        .arg("SHARDS")
        .query::<redis::Value>(&mut connection);
    let shards = format!("{:?}", shards.unwrap());
    assert!(
        ports.iter().all(|port| shards.contains(&port.to_string())),
        "{shards}"
    );
}

#[test]
fn a_fake_server_can_be_a_replica_and_closes_its_connections() {
    let fake = FakeServer::start();
    let mut connection = connect(&fake);
    let role = |connection: &mut Connection| {
        let role: Vec<redis::Value> = redis::cmd("ROLE").query(connection).unwrap();
        redis::from_redis_value::<String>(role[0].clone()).unwrap()
    };
    assert_eq!(role(&mut connection), "master");
    fake.set_replica(true);
    assert_eq!(role(&mut connection), "slave");
    fake.cut();
    assert!(increment(&mut connection, "key").is_err());
    let mut stalled = connect(&fake);
    fake.once("INCR", Fault::ExecuteAndStall);
    let port = fake.port();
    let ended = std::thread::spawn(move || increment(&mut stalled, "key"));
    while fake.executions("INCR") == 0 {
        std::thread::yield_now();
    }
    drop(fake);
    assert!(ended.join().unwrap().unwrap_err().is_connection_dropped());
    // Another test may have been given the port, but it does not count.
    let _ = std::net::TcpStream::connect(("127.0.0.1", port));
}
