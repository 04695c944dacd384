//! What is not a Redis server, or not a well-behaved one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// A server that accepts and then does what `behave` does.
pub(crate) fn impostor(behave: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    // Ends with the test's process: the listener cannot be told to.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || behave(stream));
        }
    });
    port
}

pub(crate) fn web_server(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 1024]);
    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
}

/// Reads and says nothing.
pub(crate) fn tarpit(mut stream: TcpStream) {
    while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
}

pub(crate) fn refuses() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Answers every request with an error that tries to look like a log's line, and to colour it.
pub(crate) fn forger(mut stream: TcpStream) {
    let text = "ERR no\r\n[ERROR] forged\u{1b}[31m red";
    while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {
        let error = format!("!{}\r\n{text}\r\n", text.len());
        // More than one, because a request may hold several commands.
        let _ = stream.write_all(error.repeat(4).as_bytes());
    }
}
