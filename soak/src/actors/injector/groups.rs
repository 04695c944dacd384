//! Faults of the servers behind sentinels, and of the nodes of the cluster.

use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use redis_components_testing::Server;

use super::fault::{LENGTH, last, restart, tell};
use crate::places::{CLUSTER, Part, SENTINELS};
use crate::record::effect::Effect;
use crate::soak::Soak;
use crate::world::name_control;

const PRIMARY: Part = Part::Server(SENTINELS);
const NODES: Part = Part::Server(CLUSTER);

/// How long replicas may take to receive what the primary has written.
const CATCHES_UP_WITHIN: Duration = Duration::from_secs(10);

/// Longer than a fail-over takes, even if the sentinels give up the first.
const HELD_FOR: &str = "60000";

const CLIENT_KILL: [&str; 4] = ["CLIENT", "KILL", "TYPE", "normal"];

pub(super) fn break_sentinels(soak: &Soak, rng: &mut Rng) {
    let sentinels = soak.world.sentinels();
    match rng.u32(0..100) {
        0..40 => soak.with_effect(PRIMARY, Effect::HoldsWrites, "sentinels: fail-over", || {
            fail_over(soak);
        }),
        // The others know the primary.
        40..60 => soak.with_effect(PRIMARY, Effect::Nothing, "sentinel: SIGSTOP", || {
            let sentinel = sentinels.sentinel(rng.usize(0..sentinels.sentinels().len()));
            sentinel.freeze();
            last(soak, rng, LENGTH);
            sentinel.thaw();
            sentinels.wait_until_ready();
        }),
        60..80 => soak.with_fault(PRIMARY, "sentinels: primary frozen", || {
            // Shorter than it takes the sentinels to suspect it.
            let primary = sentinels.server(sentinels.primary());
            primary.freeze();
            last(soak, rng, LENGTH);
            primary.thaw();
        }),
        _ => soak.with_fault(PRIMARY, "sentinels: CLIENT KILL", || {
            tell(soak, sentinels.server(sentinels.primary()), &CLIENT_KILL);
        }),
    }
    soak.world.each_server(SENTINELS, name_control);
}

/// Lets a replica take over. The old primary holds writes back meanwhile, and refuses them once it
/// is a replica: sentinels alone would lose what it still takes.
fn fail_over(soak: &Soak) {
    let sentinels = soak.world.sentinels();
    let (old, servers) = (sentinels.primary(), sentinels.servers());
    let primary = &servers[old];
    tell(soak, primary, &["CLIENT", "PAUSE", HELD_FOR, "WRITE"]);
    let written = offset(primary);
    let replicas = servers.iter().enumerate();
    let replicas: Vec<_> = replicas.filter(|(number, _)| *number != old).collect();
    let begun = Instant::now();
    while !replicas
        .iter()
        .all(|(_, replica)| offset(replica) >= written)
    {
        if begun.elapsed() > CATCHES_UP_WITHIN {
            return soak.violation("replicas do not receive what their primary has written");
        }
        thread::sleep(Duration::from_millis(1));
    }
    let new = servers[sentinels.failover()].port().to_string();
    tell(soak, primary, &["REPLICAOF", "127.0.0.1", &new]);
    tell(soak, primary, &["CLIENT", "UNPAUSE"]);
    sentinels.wait_until_ready();
}

/// Returns how far a server has written its part of the replication.
fn offset(server: &Server) -> u64 {
    let info = server.try_command(&["INFO", "replication"]);
    let info: String = info
        .ok()
        .and_then(|info| redis::from_redis_value(info).ok())
        .unwrap_or_default();
    let field = |name| info.lines().find_map(|line| line.strip_prefix(name));
    let offset = field("slave_repl_offset:").or_else(|| field("master_repl_offset:"));
    offset
        .and_then(|offset| offset.trim().parse().ok())
        .unwrap_or(0)
}

pub(super) fn break_cluster(soak: &Soak, rng: &mut Rng) {
    let cluster = soak.world.cluster();
    let any_key = |rng: &mut Rng| {
        let keys: Vec<String> = soak.ledgers().into_iter().map(|(key, _)| key).collect();
        rng.choice(keys)
    };
    let Some(key) = any_key(rng) else { return };
    let holder = cluster.primary_of(&key);
    match rng.u32(0..100) {
        0..35 => soak.with_effect(NODES, Effect::Nothing, "cluster: slot migration", || {
            let nodes = cluster.nodes().len();
            let primaries: Vec<usize> = (0..nodes)
                .filter(|node| *node != holder && is_primary(&cluster.node(*node)))
                .collect();
            if let Some(to) = rng.choice(primaries) {
                cluster.migrate(cluster.slot_of(&key), to);
            }
        }),
        35..55 => {
            let with_replica =
                (0..cluster.nodes().len()).find(|node| !cluster.replicas_of(*node).is_empty());
            if let Some(primary) = with_replica {
                soak.with_effect(NODES, Effect::Nothing, "cluster: fail-over", || {
                    cluster.failover(primary);
                });
            }
        }
        55..70 => soak.with_fault(NODES, "cluster: node killed", || {
            let node = cluster.node(holder);
            node.stop();
            last(soak, rng, LENGTH);
            restart(soak, &node);
            cluster.wait_until_ready();
        }),
        70..85 => soak.with_fault(NODES, "cluster: node frozen", || {
            let node = cluster.node(holder);
            node.freeze();
            last(soak, rng, LENGTH);
            node.thaw();
            cluster.wait_until_ready();
        }),
        _ => soak.with_fault(NODES, "cluster: CLIENT KILL", || {
            tell(soak, &cluster.node(holder), &CLIENT_KILL);
        }),
    }
    soak.world.each_server(CLUSTER, name_control);
}

fn is_primary(node: &Server) -> bool {
    let role = node.try_command(&["ROLE"]).ok();
    let words = role.and_then(|role| redis::from_redis_value::<Vec<redis::Value>>(role).ok());
    let first = words.and_then(|words| words.into_iter().next());
    first.is_some_and(|word| redis::from_redis_value::<String>(word).is_ok_and(|it| it == "master"))
}
