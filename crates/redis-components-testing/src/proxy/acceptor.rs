//! Accepts connections until it is dropped.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::flow::Flow;
use super::manner::Direction;
use super::pump::Pump;

/// A thread that accepts connections. After it is dropped, nothing listens on the port.
#[derive(Debug)]
pub(super) struct Acceptor {
    port: u16,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Acceptor {
    pub(super) fn start(port: u16, flow: Arc<Flow>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let ended = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&ended);
        let accept = move || {
            for client in listener.incoming() {
                if asked.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(client) = client {
                    let number = flow.count_accepted();
                    // The client sees an error as the end of its connection.
                    let _ = connect(client, number, &flow);
                }
            }
        };
        let thread = thread::Builder::new()
            .name("proxy-accept".into())
            .spawn(accept)?;
        Ok(Self {
            port,
            ended,
            thread: Some(thread),
        })
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the thread, which waits for a connection. An error means that another connection
        // has woken it.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(thread) = self.thread.take() {
            // An error means that the thread has panicked, and so has ended.
            let _ = thread.join();
        }
    }
}

/// Connects a client to the server, or closes it if the server cannot be reached.
fn connect(client: TcpStream, number: u64, flow: &Arc<Flow>) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, flow.server()))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (client, server) = (Arc::new(client), Arc::new(server));
    if !flow.remember([&client, &server]) {
        return Ok(());
    }
    let directions = [
        (Direction::Requests, &client, &server),
        (Direction::Replies, &server, &client),
    ];
    for (direction, from, to) in directions {
        let pump = Pump::new(direction, number, Arc::clone(from), Arc::clone(to));
        let flow = Arc::clone(flow);
        thread::Builder::new()
            .name("proxy-pump".into())
            .spawn(move || pump.run(&flow))?;
    }
    Ok(())
}
