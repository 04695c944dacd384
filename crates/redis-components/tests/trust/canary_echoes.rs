//! Servers that let a client in, and then repeat its password in what they answer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis_components::{ComponentConfig, Settings, get_config, set_config, status};
use serde_json::json;

use crate::canary::{OF_ECHO, base64, show, tell};
use crate::common::impostors::impostor;
use crate::common::{always_fresh, name_of};

/// A server that answers `+OK`, and each command that holds one of the words with `reply`. The flag
/// says if it has.
fn repeats_at(words: &[&'static str], reply: String) -> (u16, Arc<AtomicBool>) {
    let was_asked = Arc::new(AtomicBool::new(false));
    let (asked, words) = (Arc::clone(&was_asked), words.to_vec());
    let port = impostor(move |mut stream: TcpStream| {
        let mut buffer = [0; 16 * 1024];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            let requests = String::from_utf8_lossy(&buffer[..read]).into_owned();
            for request in requests
                .split("\r\n*")
                .filter(|request| request.contains('$'))
            {
                let is_meant = words.iter().any(|word| request.contains(word));
                asked.fetch_or(is_meant, Ordering::SeqCst);
                let answer = if is_meant { &reply } else { "+OK\r\n" };
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    (port, was_asked)
}

/// The password as a server may write it.
fn spellings() -> Vec<String> {
    let bytes = || OF_ECHO.bytes();
    let mut spellings = vec![
        OF_ECHO.to_owned(),
        OF_ECHO.to_uppercase(),
        OF_ECHO.to_lowercase(),
        bytes().map(|byte| format!("{byte:02x}")).collect(),
        bytes().map(|byte| format!("{byte:02X}")).collect(),
        bytes().map(|byte| format!("%{byte:02X}")).collect(),
        format!("{:?}", OF_ECHO.as_bytes()),
    ];
    let behind = |before: usize| [&vec![b'x'; before], OF_ECHO.as_bytes()].concat();
    spellings.extend((0..3).map(|before| base64(&behind(before))));
    spellings
}

/// Replies with the password in each spelling that stands on one line, in each place.
fn replies() -> Vec<String> {
    let cut_off = OF_ECHO[..8].to_owned();
    let replies = spellings()
        .into_iter()
        .chain([cut_off])
        .flat_map(|said| [format!("-ERR no {said}\r\n"), format!("-{said} x\r\n")]);
    let in_other_forms = [
        format!("-NOPERM {OF_ECHO}\r\n"),
        format!("+{OF_ECHO}\r\n"),
        format!("*1\r\n*1\r\n+{OF_ECHO}\r\n"),
    ];
    replies.chain(in_other_forms).collect()
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

/// Hosts that are the password, in the spellings that a host can have.
fn hosts() -> Vec<String> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let mut spellings = spellings();
    spellings.retain(|text| text.bytes().all(is_part));
    spellings
}

pub(crate) async fn says_of_echoes() {
    let mut asked = Vec::new();
    for reply in replies() {
        let later: &[&str] = &["GETRANGE", "SET\r\n", "TRACKING", "HSET"];
        for words in [later, &["HELLO"]] {
            let (port, was_asked) = repeats_at(words, reply.clone());
            says_of_config_server(port).await;
            asked.push((words[0], was_asked));
        }
        let (port, was_asked) = repeats_at(&["SENTINEL", "SUBSCRIBE", "HELLO"], reply.clone());
        says_of(json!({
            "sentinels": [format!("127.0.0.1:{port}")], "service_name": "main",
            "sentinel_password": OF_ECHO, "password": OF_ECHO,
        }))
        .await;
        asked.push(("SENTINEL", was_asked));
        let (port, was_asked) = repeats_at(&["CLUSTER"], reply);
        says_of(json!({"cluster": [format!("127.0.0.1:{port}")], "password": OF_ECHO})).await;
        asked.push(("CLUSTER", was_asked));
    }
    for host in hosts() {
        let address = format!("*2\r\n{}{}", bulk(&host), bulk("6379"));
        let (port, was_asked) = repeats_at(&["SENTINEL"], address);
        says_of(json!({
            "sentinels": [format!("127.0.0.1:{port}")], "service_name": "main",
            "sentinel_password": OF_ECHO, "password": OF_ECHO,
        }))
        .await;
        asked.push(("SENTINEL", was_asked));
        let node = format!("*2\r\n{}:6379\r\n", bulk(&host));
        let slots = format!("*1\r\n*3\r\n:0\r\n:16383\r\n{node}");
        let (port, was_asked) = repeats_at(&["CLUSTER"], slots);
        says_of(json!({"cluster": [format!("127.0.0.1:{port}")], "password": OF_ECHO})).await;
        asked.push(("CLUSTER", was_asked));
    }
    let was_asked = |word: &str| {
        let mut all = asked.iter().filter(|(other, _)| *other == word);
        all.all(|(_, was_asked)| was_asked.load(Ordering::SeqCst))
    };
    let words = ["GETRANGE", "HELLO", "SENTINEL", "CLUSTER"];
    let words: Vec<_> = words.into_iter().filter(|word| was_asked(word)).collect();
    println!("asked at last: {}", words.join(", "));
}

async fn says_of_config_server(port: u16) {
    let url = format!("redis://:{OF_ECHO}@127.0.0.1:{port}");
    let logs = always_fresh("logs");
    Settings::new(url)
        .scope(async {
            tell(&logs.connection().await.unwrap_err());
            tell(&get_config(logs).await.unwrap_err());
            let config = ComponentConfig::new("127.0.0.1");
            tell(&set_config(logs, &config).await.unwrap_err());
            show(&status());
        })
        .await;
}

async fn says_of(config: serde_json::Value) {
    let logs = always_fresh("logs");
    Settings::fixed([("logs", config.to_string())])
        .scope(async {
            match logs.connection().await {
                Ok(mut connection) => drop(name_of(&mut connection).await),
                Err(error) => tell(&error),
            }
            show(&status());
        })
        .await;
}
