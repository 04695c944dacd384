//! A server that cannot save to disk.

use std::path::PathBuf;
use std::time::Instant;

use redis_components_testing::Server;

use super::SOON;

/// Makes the server's next save fail, and waits for it. From then on it refuses writes, and PING.
pub(crate) fn disk_is_full(server: &Server) {
    // A folder that has the dump's name cannot be replaced by a file.
    std::fs::create_dir(dump(server)).unwrap();
    server.command(&["CONFIG", "SET", "save", "3600 1"]);
    save(server, "err");
}

/// Lets the server save again.
pub(crate) fn disk_is_well(server: &Server) {
    std::fs::remove_dir(dump(server)).unwrap();
    save(server, "ok");
}

fn dump(server: &Server) -> PathBuf {
    let answer = server.command(&["CONFIG", "GET", "dir"]);
    let answer: Vec<String> = redis::from_redis_value(answer).unwrap();
    PathBuf::from(&answer[1]).join("dump.rdb")
}

fn save(server: &Server, expected: &str) {
    server.command(&["BGSAVE"]);
    let deadline = Instant::now() + SOON;
    loop {
        let info = server.command(&["INFO", "persistence"]);
        let info: String = redis::from_redis_value(info).unwrap();
        let ended = info.contains("rdb_bgsave_in_progress:0");
        if ended && info.contains(&format!("rdb_last_bgsave_status:{expected}")) {
            return;
        }
        assert!(Instant::now() < deadline, "{info}");
    }
}
