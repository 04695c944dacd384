//! A host with two addresses, of which the first does not answer.

use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::process::Command;
use std::time::Duration;

use redis_components::Settings;
use socket2::{Domain, Socket, Type};

use crate::common::impostors::forward_all;
use crate::common::{World, always_fresh, whereabouts, whereabouts_blocking};

const TEST: &str = "addresses::r10_a_host_whose_first_address_is_silent_is_reached_at_the_second";
/// Set for the process that sees another hosts file, which is this program again.
const INSIDE: &str = "REDIS_COMPONENTS_TWO_ADDRESSES";
const HOST: &str = "two.redis-components.test";

/// Runs this test in a mount namespace whose hosts file has the host. Returns `false` if there can
/// be none here.
fn passes_inside() -> bool {
    let hosts = std::env::temp_dir().join(format!("redis-components-hosts-{}", std::process::id()));
    std::fs::write(&hosts, format!("127.0.0.1 {HOST}\n127.0.0.2 {HOST}\n")).unwrap();
    let script = r#"mount --bind "$1" /etc/hosts || exit 77; shift; exec "$@""#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]);
    command
        .arg(&hosts)
        .arg(std::env::current_exe().unwrap())
        .args([TEST, "--exact", "--nocapture"]);
    let output = command.env(INSIDE, "1").output();
    let _ = std::fs::remove_file(&hosts);
    let Ok(output) = output else { return false };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !said.contains("running 1 test") {
        println!("no mount namespace here: not tested");
        return false;
    }
    let said = format!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    true
}

/// Listens at the address and takes nothing: whoever connects waits.
fn silent(at: SocketAddr) -> (Socket, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&at.into()).unwrap();
    listener.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Its queue is full when one has to wait.
    let mut queue = Vec::new();
    loop {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let connected = socket.connect_timeout(&address, Duration::from_millis(200));
        let is_full = connected.is_err();
        queue.push(socket);
        if is_full {
            return (listener, queue);
        }
    }
}

#[tokio::test]
async fn r10_a_host_whose_first_address_is_silent_is_reached_at_the_second() {
    if std::env::var_os(INSIDE).is_none() {
        passes_inside();
        return;
    }
    let world = World::start();
    let addresses: Vec<_> = (HOST, 0).to_socket_addrs().unwrap().collect();
    assert_eq!(addresses.len(), 2, "{addresses:?}");
    let (listener, _queue) = silent(addresses[0]);
    let port = listener.local_addr().unwrap().as_socket().unwrap().port();
    let second = TcpListener::bind((addresses[1].ip(), port)).unwrap();
    forward_all(second, world.a.port());
    assert!(TcpStream::connect((addresses[1].ip(), port)).is_ok());
    let config = format!(r#"{{"host":"{HOST}","port":{port}}}"#);
    let logs = always_fresh("logs");
    world.set(logs, &config);
    world
        .default_settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        })
        .await;

    // And a config server of that name.
    let (listener, _queue) = silent(addresses[0]);
    let port = listener.local_addr().unwrap().as_socket().unwrap().port();
    let second = TcpListener::bind((addresses[1].ip(), port)).unwrap();
    forward_all(second, world.config.port());
    world.move_to(logs, &world.b);
    Settings::new(format!("redis://{HOST}:{port}"))
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
        })
        .await;
}
