//! Nodes that execute `INCR` and count how often, and misbehave once when they are told to.

use std::collections::HashMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use redis::{Parser, Value};

/// What a node does with the next command for a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Executes it and closes the connection.
    ExecuteAndClose,
    /// Closes the connection.
    Close,
    /// Executes it and closes the connection after the first bytes of the answer.
    ExecuteAndCutOff,
    /// Executes it and never answers.
    ExecuteSilently,
    /// Refuses it with this code.
    Refuse(&'static str),
    /// Says that the other node owns the slot, which is true from then on.
    Move,
    /// Says that the other node is asked for it this once.
    Ask,
    /// As `Move`, but the other says the same of this one, a few times.
    MoveInCircles(u32),
}

/// Two nodes. The first owns all slots.
pub(crate) struct Fakes {
    nodes: [Arc<Node>; 2],
}

struct Node {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    ports: Mutex<[u16; 2]>,
    owner: Mutex<usize>,
    fault: Mutex<Option<Fault>>,
    executed: Mutex<HashMap<String, u64>>,
}

impl Fakes {
    pub(crate) fn start() -> Self {
        let state: Arc<State> = Arc::default();
        let listeners = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
        let ports = [0, 1].map(|node| listeners[node].local_addr().unwrap().port());
        *state.ports.lock().unwrap() = ports;
        let mut number = 0;
        let nodes = listeners.map(|listener| {
            let node = Arc::new(Node {
                port: ports[number],
                state: Arc::clone(&state),
            });
            let (serving, here) = (Arc::clone(&node), number);
            // It ends with the process.
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let node = Arc::clone(&serving);
                    thread::spawn(move || node.serve(here, stream));
                }
            });
            number += 1;
            node
        });
        Self { nodes }
    }

    pub(crate) fn config(&self) -> String {
        format!(r#"{{"cluster":["127.0.0.1:{}"]}}"#, self.nodes[0].port)
    }

    /// Misbehaves with the next command for a key.
    pub(crate) fn arm(&self, fault: &Fault) {
        *self.state().fault.lock().unwrap() = Some(fault.clone());
    }

    /// Returns how often commands for each key were executed, and forgets it.
    pub(crate) fn take_executed(&self) -> HashMap<String, u64> {
        *self.state().fault.lock().unwrap() = None;
        *self.state().owner.lock().unwrap() = 0;
        std::mem::take(&mut *self.state().executed.lock().unwrap())
    }

    fn state(&self) -> &State {
        &self.nodes[0].state
    }
}

/// A connection's transaction and flags.
#[derive(Default)]
struct Session {
    queue: Option<Vec<String>>,
    is_dirty: bool,
    is_asking: bool,
}

/// What is written, and whether the connection ends then.
struct Answer(String, bool);

impl Node {
    fn serve(&self, here: usize, mut stream: TcpStream) {
        let mut parser = Parser::new();
        let mut session = Session::default();
        let mut reading = stream.try_clone().unwrap();
        while let Ok(Value::Array(words)) = parser.parse_value(&mut reading) {
            let words: Vec<String> = words
                .into_iter()
                .map(|word| redis::from_redis_value(word).unwrap())
                .collect();
            let Answer(text, ends) = self.answer(here, &words, &mut session);
            if stream.write_all(text.as_bytes()).is_err() || ends {
                let _ = stream.shutdown(std::net::Shutdown::Both);
                return;
            }
        }
    }

    fn answer(&self, here: usize, words: &[String], session: &mut Session) -> Answer {
        let say = |text: &str| Answer(format!("{text}\r\n"), false);
        match words[0].as_str() {
            "CLUSTER" => {
                let port = self.state.ports.lock().unwrap()[*self.state.owner.lock().unwrap()];
                say(&format!(
                    "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:{port}\r\n$1\r\nx"
                ))
            }
            "ASKING" => {
                session.is_asking = true;
                say("+OK")
            }
            "MULTI" => {
                session.queue = Some(Vec::new());
                session.is_dirty = false;
                say("+OK")
            }
            "EXEC" => self.execute_all(session),
            "INCR" => self.increment(here, &words[1], session),
            _ => say("+PONG"),
        }
    }

    fn increment(&self, here: usize, key: &str, session: &mut Session) -> Answer {
        let say = |text: String| Answer(format!("{text}\r\n"), false);
        let is_asked =
            std::mem::take(&mut session.is_asking) || session.queue.is_some() && here == 1;
        let is_owner = *self.state.owner.lock().unwrap() == here;
        let ports = *self.state.ports.lock().unwrap();
        let moved = |to: usize| say(format!("-MOVED 1 127.0.0.1:{}", ports[to]));
        let fault = self.state.fault.lock().unwrap().clone();
        let refusal = match &fault {
            Some(Fault::Refuse(code)) if is_owner => Some(say(format!("-{code} refused"))),
            Some(Fault::Move) if here == 0 => {
                *self.state.owner.lock().unwrap() = 1;
                Some(moved(1))
            }
            Some(Fault::Ask) if here == 0 => Some(say(format!("-ASK 1 127.0.0.1:{}", ports[1]))),
            Some(Fault::MoveInCircles(left)) => {
                let next = left.checked_sub(1).map(Fault::MoveInCircles);
                *self.state.fault.lock().unwrap() = next;
                session.is_dirty = true;
                return moved(1 - here);
            }
            _ if !is_owner && !is_asked => Some(moved(1 - here)),
            _ => None,
        };
        if let Some(refusal) = refusal {
            if fault.is_some() {
                *self.state.fault.lock().unwrap() = None;
            }
            session.is_dirty = true;
            return refusal;
        }
        if let Some(queue) = &mut session.queue {
            queue.push(key.to_owned());
            return say("+QUEUED".to_owned());
        }
        self.misbehave(|| {
            let count = self.execute(key);
            format!(":{count}\r\n")
        })
    }

    fn execute_all(&self, session: &mut Session) -> Answer {
        let queue = session.queue.take().unwrap_or_default();
        if session.is_dirty {
            return Answer(
                "-EXECABORT Transaction discarded because of previous errors.\r\n".into(),
                false,
            );
        }
        self.misbehave(|| {
            let counts = queue
                .iter()
                .map(|key| format!(":{}\r\n", self.execute(key)));
            format!("*{}\r\n{}", queue.len(), counts.collect::<String>())
        })
    }

    /// Executes, unless it is told to misbehave.
    fn misbehave(&self, execute: impl FnOnce() -> String) -> Answer {
        let fault = self.state.fault.lock().unwrap().take();
        match fault {
            Some(Fault::Close) => Answer(String::new(), true),
            Some(Fault::ExecuteAndClose) => {
                execute();
                Answer(String::new(), true)
            }
            Some(Fault::ExecuteAndCutOff) => Answer(execute()[..1].to_owned(), true),
            Some(Fault::ExecuteSilently) => {
                execute();
                // Longer than any call waits.
                thread::sleep(Duration::from_secs(3));
                Answer(String::new(), true)
            }
            _ => Answer(execute(), false),
        }
    }

    fn execute(&self, key: &str) -> u64 {
        let mut executed = self.state.executed.lock().unwrap();
        let count = executed.entry(key.to_owned()).or_default();
        *count += 1;
        *count
    }
}
