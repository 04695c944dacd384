//! R10 with a config server whose name has an address that does not answer.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;
use std::{env, fs, thread};

use redis_components::Settings;

use crate::common::clients::kill_clients;
use crate::common::{World, declare, whereabouts};
use crate::{WAIT, moved};

/// Set in a process that has a mount namespace of its own.
const NAMESPACE: &str = "REDIS_COMPONENTS_TEST_NAMESPACE";

/// The name in the hosts file of that namespace. Nobody answers at its first address, and the server is at the second.
const NAME: &str = "two.test";

/// Listens with a queue that is full: the kernel does not answer further connects.
fn deaf(address: &str) -> (TcpListener, Vec<TcpStream>, u16) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let address: std::net::SocketAddr = format!("{address}:0").parse().unwrap();
    socket.bind(&address.into()).unwrap();
    socket.listen(0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let short = Duration::from_millis(200);
    let fill = || TcpStream::connect_timeout(&address, short).ok();
    let queue: Vec<_> = std::iter::from_fn(fill).take(100).collect();
    (listener, queue, address.port())
}

async fn first_address_is_deaf() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let (_listener, _queue, port) = deaf("127.0.0.1");
    let second = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let server = world.config.port();
    thread::spawn(move || {
        for client in second.incoming().flatten() {
            let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let ends = [(&client, &server), (&server, &client)]
                .map(|(from, to)| (from.try_clone().unwrap(), to.try_clone().unwrap()));
            for (mut from, mut to) in ends {
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    for push in [true, false] {
        let settings = Settings::new(format!("redis://{NAME}:{port}")).push(push);
        settings
            .scope(async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                world.move_to(logs, &world.b);
                moved(logs, "b").await;
                // A new connection finds the second address too.
                kill_clients(&world.config);
                world.move_to(logs, &world.a);
                moved(logs, "a").await;
            })
            .await;
    }
}

#[tokio::test]
async fn r10_a_config_server_whose_first_address_is_deaf_is_reached_at_the_second() {
    if env::var_os(NAMESPACE).is_some() {
        return first_address_is_deaf().await;
    }
    let hosts = env::temp_dir().join(format!("redis-components-hosts-{}", std::process::id()));
    fs::write(&hosts, format!("127.0.0.1 {NAME}\n127.0.0.2 {NAME}\n")).unwrap();
    let inside = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command.arg(format!("mount --bind \"$HOSTS\" /etc/hosts && {script}"));
        command.env("HOSTS", &hosts).env(NAMESPACE, "yes");
        command
    };
    let allowed = inside("true").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        println!("no mount namespace is to be had here, so that no name has two addresses");
        fs::remove_file(&hosts).unwrap();
        return;
    }
    let mut again = inside("exec \"$0\" \"$@\"");
    again.arg(env::current_exe().unwrap());
    again.args(["--exact", "--nocapture"]);
    again.arg(concat!(
        "deaf_address::",
        "r10_a_config_server_whose_first_address_is_deaf_is_reached_at_the_second"
    ));
    let output = again.output().unwrap();
    fs::remove_file(&hosts).unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{output:?}"
    );
}
