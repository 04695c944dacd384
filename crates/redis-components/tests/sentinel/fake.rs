//! Sentinels that answer what a test tells them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use redis_components_testing::Server;

use crate::common::World;
use crate::common::impostors::impostor;

/// A sentinel of the kind that knows no RESP3, and so publishes nothing to us, unless it is told to.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    says: Arc<Mutex<Says>>,
    heard: Arc<Mutex<String>>,
    open: Arc<AtomicUsize>,
    held: Arc<Mutex<Option<Held>>>,
    /// Those who subscribed. It is locked while anything is written.
    subscribed: Arc<Mutex<Vec<TcpStream>>>,
}

/// Whether nobody is answered yet.
type Held = Arc<dyn Fn() -> bool + Send + Sync>;

#[derive(Clone, Debug, Default)]
struct Says {
    primary: Option<(String, u16)>,
    epoch: Option<u64>,
    replicas: Vec<u16>,
    publishes: bool,
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

    /// Makes it answer nobody as long as this is so.
    pub(crate) fn hold_while(&self, is_held: impl Fn() -> bool + Send + Sync + 'static) {
        *self.held.lock().unwrap() = Some(Arc::new(is_held));
    }

    /// Makes it know RESP3 from now on.
    pub(crate) fn can_publish(&self) {
        self.says.lock().unwrap().publishes = true;
    }

    /// Publishes so many switches to all who subscribed, and returns how many those are.
    pub(crate) fn publish(&self, switches: usize) -> usize {
        let (channel, switch) = ("+switch-master", "main 127.0.0.1 1 127.0.0.1 2");
        let message = array(&["message", channel, switch]).replace('*', ">");
        let messages = message.repeat(switches);
        let mut all = self.subscribed.lock().unwrap();
        for stream in &mut *all {
            // Who cannot read them in time hangs up, because the sentinel seems to be silent.
            let _ = stream.write_all(messages.as_bytes());
        }
        all.len()
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
                let held = self.held.lock().unwrap().clone();
                while held.as_ref().is_some_and(|is_held| is_held()) {
                    thread::sleep(Duration::from_millis(1));
                }
                let reply = self.reply(&words);
                unread = rest;
                let mut subscribed = self.subscribed.lock().unwrap();
                if words[0] == "SUBSCRIBE" {
                    subscribed.push(stream.try_clone().unwrap());
                }
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
            publishes,
        } = self.says.lock().unwrap().clone();
        let words: Vec<_> = words.iter().map(|word| word.to_uppercase()).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["PING"] => "+PONG\r\n".to_owned(),
            ["AUTH", ..] => "+OK\r\n".to_owned(),
            ["HELLO", "3", ..] if publishes => "%1\r\n+proto\r\n:3\r\n".to_owned(),
            ["SUBSCRIBE", channel] if publishes => {
                let (kind, channel) = ("subscribe", channel.to_lowercase());
                let words = array(&[kind, &channel]).replacen("*2", ">3", 1);
                format!("{words}:1\r\n")
            }
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
