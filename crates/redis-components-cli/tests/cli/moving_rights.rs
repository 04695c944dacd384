//! R15: what a server does not allow is told before anything changes.

use redis_components_testing::Server;
use serde_json::json;

use crate::common::{Operator, wait_until};
use crate::load::{World, role};
use crate::moving_servers::Elsewhere;

/// Two servers on which the user `app` may do all but this on one of them.
fn world(words: [&[&str]; 2]) -> (Server, [Server; 2], Operator) {
    let user = ["--user", "app", "on", ">right-one", "~*", "&*", "+@all"];
    let servers = words.map(|words| {
        let quick = ["--repl-diskless-sync-delay", "0"];
        Server::start_with(&[&user[..], words, &quick].concat())
    });
    let config = Server::start();
    let operator = Operator::of(&config);
    let (port, file) = (
        format!("port={}", servers[0].port()),
        operator.file("password", "right-one"),
    );
    let password = format!("password=@{}", file.display());
    let words = [
        "set",
        "logs",
        "host=127.0.0.1",
        &port,
        "username=app",
        &password,
    ];
    operator.done(&[&words[..], &["--create"]].concat());
    (config, servers, operator)
}

#[test]
fn r15_a_right_that_is_missing_is_told_before_anything_changes() {
    let no_config: &[&str] = &["-config"];
    let no_replicaof: &[&str] = &["-replicaof"];
    let renamed: &[&str] = &["--rename-command", "REPLICAOF", ""];
    // It would be found when writes are refused already.
    let only_half_a_fence: &[&str] = &["-failover", "-replicaof"];
    let without_psync: &[&str] = &["--rename-command", "PSYNC", "other"];
    let without_replconf: &[&str] = &["--rename-command", "REPLCONF", ""];
    for (words, part) in [
        ([without_psync, &[]], "commands: "),
        ([&[], without_psync], "PSYNC"),
        ([without_replconf, &[]], "REPLCONF"),
        ([&[], without_replconf], "commands: "),
        ([only_half_a_fence, &[]], "fence: "),
        ([no_config, &[]], "rights: "),
        ([&[], no_config], "'config|set'"),
        ([&[], no_replicaof], "'replicaof'"),
        ([&[], renamed], "does not know a command"),
    ] {
        let (config, servers, operator) = world(words);
        let to = format!("127.0.0.1:{}", servers[1].port());
        let (code, envelope) = operator.json(&["move", "logs", "--to", &to, "--yes"]);
        let message = envelope["error"]["message"].as_str().unwrap();
        let is_told = code == 3 && message.contains(part);
        assert!(is_told, "{words:?}: {envelope:#}");
        let record = config.command(&["EXISTS", "redis-components:move:logs"]);
        assert!(!redis::from_redis_value::<bool>(record).unwrap());
        assert_eq!(role(&servers[1]), "master");
    }
}

#[test]
fn r15_functions_of_the_new_server_are_not_lost() {
    let world = World::start();
    let to = world.address(1);
    let library = "#!lua name=mine\nredis.register_function('f', function() return 1 end)";
    let load = |server: &Server| server.command(&["FUNCTION", "LOAD", library]);
    let libraries = |server: &Server| {
        let list = server.command(&["FUNCTION", "LIST"]);
        let list: Vec<redis::Value> = redis::from_redis_value(list).unwrap();
        role(server);
        list.len()
    };
    load(&world.servers[1]);
    role(&world.servers[1]);
    let words = ["move", "logs", "--to", &to, "--yes"];
    let (code, envelope) = world.operator.json(&words);
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(
        code == 3 && message.contains("1 function of its own"),
        "{envelope:#}"
    );
    assert_eq!(libraries(&world.servers[1]), 1);
    world.servers[1].command(&["FUNCTION", "FLUSH"]);
    role(&world.servers[1]);
    // Those of the old one come along, and leave with the copy.
    load(&world.servers[0]);
    world
        .operator
        .done(&[&words[..], &["--until", "synced"]].concat());
    assert_eq!(libraries(&world.servers[1]), 1);
    world.operator.done(&["move", "logs", "--abort", "--yes"]);
    assert_eq!(libraries(&world.servers[1]), 0);
    world.operator.done(&words);
    assert_eq!(libraries(&world.servers[1]), 1);
}

#[test]
fn r15_a_command_that_one_server_knows_by_another_name_is_told() {
    let renamed: &[&str] = &["--rename-command", "GETDEL", "take"];
    for words in [[&[], renamed], [renamed, &[]]] {
        let (_config, servers, operator) = world(words);
        let to = format!("127.0.0.1:{}", servers[1].port());
        let words = ["move", "logs", "--to", &to, "--dry-run"];
        let run = operator.done(&words);
        let is_told = run.stderr.contains("commands: ") && run.stderr.contains("getdel");
        assert!(is_told, "{run:#?}");
        // What it writes is not in the copy.
        servers[0].command(&["SET", "a", "b"]);
        let name = if servers[0].try_command(&["GETDEL", "a"]).is_ok() {
            "GETDEL"
        } else {
            "take"
        };
        servers[0].command(&[name, "a"]);
        role(&servers[0]);
        let (code, envelope) = operator.json(&words);
        let message = envelope["error"]["message"].as_str().unwrap();
        let is_told = code == 3 && message.contains("getdel") && message.contains("would be lost");
        assert!(is_told, "{envelope:#}");
    }
}

/// What `move` says of commands before it begins: a refusal, a warning or nothing.
fn of_commands(operator: &Operator, servers: &[Server; 2]) -> (i32, String) {
    let to = format!("127.0.0.1:{}", servers[1].port());
    let run = operator.run(&["move", "logs", "--to", &to, "--dry-run"]);
    let lines = run.stderr.lines();
    let lines: Vec<_> = lines.filter(|line| line.contains("commands: ")).collect();
    (run.code, lines.join("\n"))
}

#[test]
fn r15_a_command_that_both_servers_have_renamed_is_told() {
    let here: &[&str] = &["--rename-command", "SADD", "aa1"];
    let there: &[&str] = &["--rename-command", "SADD", "bb1"];
    let (_config, servers, operator) = world([here, there]);
    let (code, said) = of_commands(&operator, &servers);
    assert!(code == 0 && said.contains("sadd"), "{code}: {said}");
    servers[0].command(&["aa1", "set", "member"]);
    role(&servers[0]);
    let (code, said) = of_commands(&operator, &servers);
    assert!(code == 3 && said.contains("sadd"), "{code}: {said}");
    assert!(said.contains("CONFIG RESETSTAT"), "{said}");
    servers[0].command(&["CONFIG", "RESETSTAT"]);
    assert_eq!(of_commands(&operator, &servers).0, 0);
}

#[test]
fn r15_a_command_whose_subcommands_write_is_told() {
    let renamed: &[&str] = &["--rename-command", "XGROUP", "other"];
    let (_config, servers, operator) = world([&[], renamed]);
    servers[0].command(&["XGROUP", "HELP"]);
    role(&servers[0]);
    let (code, said) = of_commands(&operator, &servers);
    assert!(code == 0 && said.contains("xgroup"), "{code}: {said}");
    servers[0].command(&["XGROUP", "CREATE", "stream", "group", "0", "MKSTREAM"]);
    role(&servers[0]);
    let (code, said) = of_commands(&operator, &servers);
    assert!(code == 3 && said.contains("xgroup"), "{code}: {said}");
}

#[test]
fn r15_a_word_that_only_the_stream_has_must_be_known_to_both() {
    for name in ["PEXPIREAT", "DEL", "SREM", "EXEC"] {
        let removed: &[&str] = &["--rename-command", name, ""];
        for words in [[&[], removed], [removed, &[]]] {
            let (_config, servers, operator) = world(words);
            let (code, said) = of_commands(&operator, &servers);
            assert!(code == 3 && said.contains(name), "{name}: {code}: {said}");
        }
    }
}

#[test]
fn r15_a_command_that_was_refused_or_is_rare_stops_no_move() {
    let without: &[&str] = &["--rename-command", "GETDEL", "take"];
    let (_config, servers, operator) = world([&[], without]);
    // It is listed with no calls.
    servers[0].try_command(&["GETDEL", "a", "b"]).unwrap_err();
    let (code, said) = of_commands(&operator, &servers);
    assert!(code == 0 && said.contains("getdel"), "{code}: {said}");
    let without: &[&str] = &["--rename-command", "FLUSHALL", ""];
    let (_config, servers, operator) = world([&[], without]);
    servers[0].command(&["FLUSHALL"]);
    role(&servers[0]);
    let (code, said) = of_commands(&operator, &servers);
    assert!(code == 0 && said.contains("flushall"), "{code}: {said}");
}

#[test]
fn r15_a_server_that_knows_ping_by_another_name_is_told() {
    let world = World::start();
    let port = world.servers[1].port();
    let renamed = ["--rename-command", "PING", "other"];
    let _elsewhere = Elsewhere::start("127.0.0.3", port, &renamed);
    let elsewhere = format!("127.0.0.3:{port}");
    let is_told = |to: &str| {
        let words = ["move", "logs", "--to", to, "--yes"];
        let (code, envelope) = world.operator.json(&words);
        let message = envelope["error"]["message"].as_str().unwrap_or_default();
        let named = format!("commands: {elsewhere} does not know PING");
        code == 3 && message.contains(&named)
    };
    wait_until("it is told of the target", || is_told(&elsewhere));
    let config = json!({"host": "127.0.0.3", "port": port}).to_string();
    world.config.command(&["SET", "config:redis:logs", &config]);
    assert!(is_told(&world.address(1)));
}
