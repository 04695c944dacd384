//! The service in a process of its own, with a config server and two data servers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use redis_components_testing::Server;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::SOON;

/// What the service uses.
const COMPONENTS: [&str; 3] = ["articles", "logs", "statistics"];

pub(crate) struct Service {
    child: Child,
    output: BufReader<ChildStdout>,
    pub(crate) address: String,
    pub(crate) config: Server,
    pub(crate) data: [Server; 2],
}

impl Service {
    /// Starts the example, which Cargo builds with the tests and puts beside them, with all
    /// components on the first of the data servers.
    pub(crate) fn start() -> Self {
        let (config, data) = (Server::start(), [Server::start(), Server::start()]);
        for component in COMPONENTS {
            set(&config, component, &data[0]);
        }
        let tests = std::env::current_exe().unwrap();
        let program = tests.ancestors().nth(2).unwrap().join("examples/web");
        assert!(
            program.is_file(),
            "build it first: `cargo build --example web`"
        );
        let mut child = Command::new(program)
            .env("REDIS_CONFIG_URL", config.url())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        Self {
            address: address.unwrap_or_else(|| panic!("{line}")).to_owned(),
            child,
            output,
            config,
            data,
        }
    }

    /// What an operator does to move a component.
    pub(crate) fn move_to(&self, component: &str, data: usize) {
        set(&self.config, component, &self.data[data]);
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        self.request("GET", path, "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.request("POST", path, &body.to_string())
    }

    /// One request on a connection of its own: the status, and the body as JSON or text.
    fn request(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
        (status, body)
    }

    /// Asks the service to end, and returns its exit code and what it said last.
    pub(crate) fn end(&mut self) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let mut said = String::new();
        self.output.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Whether it has ended already or is ended here, it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is slow on a busy machine is no fault here.
fn set(config: &Server, component: &str, data: &Server) {
    let key = format!("config:redis:{component}");
    let value = serde_json::json!({
        "host": "127.0.0.1",
        "port": data.port(),
        "socket_timeout": 10,
        "socket_connect_timeout": 10,
    });
    config.command(&["SET", &key, &value.to_string()]);
}
