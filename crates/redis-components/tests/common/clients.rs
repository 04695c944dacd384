//! What a server says of its clients.

use redis_components_testing::Server;

/// Returns the server's line about each of its clients, without that of the observer.
pub(crate) fn client_list(server: &Server) -> Vec<String> {
    let list: String = redis::from_redis_value(server.command(&["CLIENT", "LIST"])).unwrap();
    let others = list
        .lines()
        .filter(|line| !line.contains("cmd=client|list"));
    others.map(str::to_owned).collect()
}

/// Returns the client's number.
pub(crate) fn client_id(line: &str) -> &str {
    let fields = line.strip_prefix("id=").unwrap();
    fields.split(' ').next().unwrap()
}

/// Returns how many clients the server describes with this text, such as `cmd=blpop`.
pub(crate) fn clients(server: &Server, doing: &str) -> usize {
    let list = client_list(server);
    list.iter().filter(|line| line.contains(doing)).count()
}

/// Returns how many clients wait for an element or a timeout.
pub(crate) fn blocked(server: &Server) -> usize {
    let info: String = redis::from_redis_value(server.command(&["INFO", "clients"])).unwrap();
    let mut lines = info.lines();
    let count = lines.find_map(|line| line.strip_prefix("blocked_clients:"));
    count.unwrap().trim().parse().unwrap()
}

/// Closes the connections that the server does not describe with one of these texts.
pub(crate) fn kill_all_but(server: &Server, doing: &[&str]) {
    let is_spared = |line: &&String| doing.iter().any(|doing| line.contains(doing));
    for line in client_list(server).iter().filter(|line| !is_spared(line)) {
        server.command(&["CLIENT", "KILL", "ID", client_id(line)]);
    }
}

/// Closes all connections to the server but that of the observer.
pub(crate) fn kill_clients(server: &Server) {
    server.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
}
