//! Sentinels that answer what a test tells them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use redis_components_testing::Server;

use crate::common::World;
use crate::common::impostors::impostor;

/// A sentinel of the kind that knows no RESP3, and so publishes nothing to us.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    says: Arc<Mutex<Says>>,
    heard: Arc<Mutex<String>>,
    open: Arc<AtomicUsize>,
}

#[derive(Clone, Debug, Default)]
struct Says {
    primary: Option<(String, u16)>,
    epoch: Option<u64>,
    replicas: Vec<u16>,
}

impl Fake {
    /// Starts one, and returns its port.
    pub(crate) fn start() -> (Self, u16) {
        let fake = Self::default();
        let serves = fake.clone();
        (fake, impostor(move |stream| serves.serve(stream)))
    }

    /// Makes it name a primary from now on.
    pub(crate) fn name(&self, host: &str, port: u16, epoch: impl Into<Option<u64>>) {
        let mut says = self.says.lock().unwrap();
        says.primary = Some((host.to_owned(), port));
        says.epoch = epoch.into();
    }

    /// Makes it know these replicas from now on.
    pub(crate) fn know(&self, replicas: &[&Server]) {
        self.says.lock().unwrap().replicas = replicas.iter().map(|one| one.port()).collect();
    }

    /// Makes it know no service from now on.
    pub(crate) fn forget(&self) {
        self.says.lock().unwrap().primary = None;
    }

    /// All that was sent to it.
    pub(crate) fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn serve(&self, stream: TcpStream) {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.answer(stream);
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    fn answer(&self, mut stream: TcpStream) {
        let (mut unread, mut buffer) = (String::new(), [0; 4096]);
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
            self.heard.lock().unwrap().push_str(&text);
            unread.push_str(&text);
            while let Some((words, rest)) = command(&unread) {
                let reply = self.reply(&words);
                unread = rest;
                if stream.write_all(reply.as_bytes()).is_err() {
                    return;
                }
            }
        }
    }

    fn reply(&self, words: &[String]) -> String {
        let Says {
            primary,
            epoch,
            replicas,
        } = self.says.lock().unwrap().clone();
        let words: Vec<_> = words.iter().map(|word| word.to_uppercase()).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["PING"] => "+PONG\r\n".to_owned(),
            ["AUTH", ..] => "+OK\r\n".to_owned(),
            ["SENTINEL", "SENTINELS", _] => "*0\r\n".to_owned(),
            ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", _] => match primary {
                Some((host, port)) => array(&[&host, &port.to_string()]),
                None => "*-1\r\n".to_owned(),
            },
            ["SENTINEL", "MASTER", _] => match (primary, epoch) {
                (Some((host, port)), Some(epoch)) => {
                    let (port, epoch) = (port.to_string(), epoch.to_string());
                    array(&["ip", &host, "port", &port, "config-epoch", &epoch])
                }
                _ => "-ERR No such master with that name\r\n".to_owned(),
            },
            ["SENTINEL", "REPLICAS", _] => {
                let of = |port: &u16| array(&["ip", "127.0.0.1", "port", &port.to_string()]);
                let all: String = replicas.iter().map(of).collect();
                format!("*{}\r\n{all}", replicas.len())
            }
            _ => "-ERR unknown command\r\n".to_owned(),
        }
    }
}

/// Two primaries and the sentinels that name one of them.
pub(crate) struct Named {
    pub(crate) world: World,
    pub(crate) fakes: Vec<Fake>,
    pub(crate) config: String,
}

impl Named {
    pub(crate) fn by(sentinels: usize) -> Self {
        let (fakes, ports): (Vec<_>, Vec<_>) = (0..sentinels).map(|_| Fake::start()).unzip();
        let addresses: Vec<_> = ports
            .iter()
            .map(|port| format!(r#""127.0.0.1:{port}""#))
            .collect();
        let addresses = addresses.join(",");
        let world = World::start();
        for fake in &fakes {
            fake.know(&[&world.a, &world.b]);
        }
        Self {
            world,
            fakes,
            config: format!(r#"{{"sentinels":[{addresses}],"service_name":"main"}}"#),
        }
    }

    pub(crate) fn name(&self, sentinel: usize, server: &Server, epoch: impl Into<Option<u64>>) {
        self.fakes[sentinel].name("127.0.0.1", server.port(), epoch);
    }
}

fn array(words: &[&str]) -> String {
    let all: String = words
        .iter()
        .map(|word| format!("${}\r\n{word}\r\n", word.len()))
        .collect();
    format!("*{}\r\n{all}", words.len())
}

/// Takes one whole command off the text.
fn command(text: &str) -> Option<(Vec<String>, String)> {
    let (count, mut rest) = text.strip_prefix('*')?.split_once("\r\n")?;
    let mut words = Vec::new();
    for _ in 0..count.parse::<usize>().ok()? {
        let (length, behind) = rest.strip_prefix('$')?.split_once("\r\n")?;
        let length: usize = length.parse().ok()?;
        words.push(behind.get(..length)?.to_owned());
        rest = behind.get(length + 2..)?;
    }
    Some((words, rest.to_owned()))
}
