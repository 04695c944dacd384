//! What a test process leaves behind that is killed before it can clean up.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use redis_components_testing::{Server, Tls};

/// Set for the process that is killed, which is this program again.
const AS_CHILD: &str = "REDIS_COMPONENTS_TESTING_CHILD";

#[test]
fn a_killed_process_leaves_no_server_and_no_files() {
    if std::env::var_os(AS_CHILD).is_some() {
        return until_killed();
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "a_killed_process_leaves_no_server_and_no_files",
            "--exact",
            "--nocapture",
        ])
        .env(AS_CHILD, "1")
        .env("TMPDIR", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("port ")?.1.parse::<u16>().ok())
        .unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    assert!(folder.path().read_dir().unwrap().next().is_some());

    child.kill().unwrap();
    child.wait().unwrap();

    let deadline = Instant::now() + Duration::from_secs(10);
    let connects = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    let has_files = || std::fs::read_dir(folder.path()).unwrap().next().is_some();
    while connects() || has_files() {
        assert!(
            Instant::now() < deadline,
            "port {port} or {folder:?} is still in use"
        );
        std::thread::yield_now();
    }
}

fn until_killed() {
    let tls = Tls::new();
    let server = Server::builder().tls(&tls).start();
    println!("port {}", server.port());
    // Ends with the parent, if that ends first.
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}
