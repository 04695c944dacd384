//! Known secrets, and all that a process can say.

use std::env;
use std::error::Error as StdError;
use std::fmt::Debug;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::panic::catch_unwind;
use std::process::Command;

use metrics_util::debugging::DebuggingRecorder;
use redis_components::{
    ComponentConfig, Error, Policy, Scope, Settings, get_config, set_config, status,
};
use redis_components_testing::Server;

use crate::canary_echoes::says_of_echoes;
use crate::canary_references::says_of_references;
use crate::common::impostors::{impostor, refuses, tarpit, web_server};
use crate::common::{always_fresh, name_of};

/// Passwords with characters that are written differently in different places.
pub(crate) const OF_CONFIG_SERVER: &str = "kanarie/+? a&\"1\\Z";
const OF_DATA_SERVER: &str = "serinus #%=b@2'Y";
pub(crate) const OF_NO_SERVER: &str = "voliere<>:;|c3X";
/// Of servers that repeat it. It could be the name of a host.
pub(crate) const OF_ECHO: &str = "Emberiza-citrinella-5kQ2";
/// Passwords that are not in a config.
pub(crate) const IN_FILE: &str = "chloris ~^[]{}4W";
const IN_ENVIRONMENT: &str = "spinus!*()_,5V=";
pub(crate) const OF_PROVIDER: &str = "bullfinch$`?&6U";
const SECRETS: [&str; 7] = [
    OF_CONFIG_SERVER,
    OF_DATA_SERVER,
    OF_ECHO,
    OF_NO_SERVER,
    IN_FILE,
    IN_ENVIRONMENT,
    OF_PROVIDER,
];

const CHILD: &str = "REDIS_COMPONENTS_CANARY";
/// The variable with a password.
pub(crate) const VARIABLE: &str = "REDIS_COMPONENTS_CANARY_PASSWORD";

#[test]
fn r8_nothing_that_a_process_says_holds_a_secret() {
    let config = Server::start_with(&["--requirepass", OF_CONFIG_SERVER]);
    let data = Server::start_with(&["--requirepass", OF_DATA_SERVER]);
    let app = ["ACL", "SETUSER", "app", "on", "~*", "+@all"];
    let passwords = [IN_FILE, IN_ENVIRONMENT, OF_PROVIDER].map(|password| format!(">{password}"));
    let passwords = passwords.each_ref().map(String::as_str);
    data.command(&[&app[..], &passwords].concat());
    let output = Command::new(env::current_exe().unwrap())
        .args([
            "canary::says_all_that_it_can",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(CHILD, format!("{} {}", config.port(), data.port()))
        .env(VARIABLE, IN_ENVIRONMENT)
        .env("RUST_BACKTRACE", "full")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    for expected in [
        "WRONGPASS",
        "config in force",
        "server cannot be used",
        "no config",
        "panicked at",
        "redis_components_swaps_total",
        "has_password: true",
        "the policy of this process",
        "because it may repeat a password",
        "names the environment variable",
        "names the file",
        "names the provider",
        "reason=\"rotation\"",
        "what a config refers to cannot be read",
        "which is not UTF-8",
        "does not let `config:redis:logs` be read: ERR",
        "asked at last: GETRANGE, HELLO, SENTINEL, CLUSTER",
        if cfg!(feature = "tls") {
            "has no private key in PEM"
        } else {
            "its feature `tls`"
        },
    ] {
        assert!(said.contains(expected), "{expected} is not in {said}");
    }
    for secret in SECRETS {
        for spelling in spellings(secret) {
            let at = said.find(&spelling);
            let around = at.map(|at| {
                let from = said.floor_char_boundary(at.saturating_sub(200));
                &said[from..said.ceil_char_boundary(at + 100)]
            });
            assert_eq!(around, None, "{spelling}");
        }
    }
}

/// Returns the ways in which a secret could be written, each long enough not to be met by chance.
fn spellings(secret: &str) -> Vec<String> {
    let percent = |is_kept: fn(u8) -> bool| -> String {
        let bytes = secret.bytes();
        bytes
            .map(|byte| match byte {
                byte if is_kept(byte) => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect()
    };
    let all_encoded = percent(|byte| byte.is_ascii_alphanumeric());
    let mut spellings = vec![
        secret.to_owned(),
        secret[..7].to_owned(),
        secret.to_uppercase(),
        secret.to_lowercase(),
        secret.escape_debug().to_string(),
        serde_json::to_string(secret)
            .unwrap()
            .trim_matches('"')
            .to_owned(),
        all_encoded.to_lowercase(),
        all_encoded,
        percent(|byte| !b" %#?/".contains(&byte)),
        secret.replace(' ', "+"),
        format!("{:?}", secret.as_bytes()),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
    ];
    // Base64 depends on where in three bytes the secret begins.
    spellings.extend((0..3).map(|before| {
        let encoded = base64(&[&vec![b'x'; before], secret.as_bytes()].concat());
        // Its first and last digits depend on what stands around it.
        encoded[4..encoded.len() - 4].to_owned()
    }));
    spellings
}

/// Returns the text in base64, with zeros at the end in the place of `=`.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let chunks = bytes.chunks(3).map(|chunk| {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let digit = |place: u32| char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]);
        (0..4).map(digit).collect::<String>()
    });
    chunks.collect()
}

#[test]
fn a_secret_is_found_in_each_spelling() {
    assert_eq!(base64(b"light work"), "bGlnaHQgd29yawAA");
    let of = spellings(OF_NO_SERVER);
    let text = base64(format!("u:{OF_NO_SERVER}@h").as_bytes());
    assert!(of.iter().any(|spelling| text.contains(spelling)), "{text}");
    assert!(
        of.contains(&"voliere%3C%3E%3A%3B%7Cc3X".to_owned()),
        "{of:?}"
    );
}

/// Repeats all that it is sent, in every form of a reply.
fn repeats(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..read]).replace("\r\n", " ");
        let errors = ["WRONGPASS", "ERR", "LOADING", "ERR unknown command"];
        let replies: String = errors
            .iter()
            .map(|code| format!("-{code} {text}\r\n"))
            .collect();
        let _ = stream.write_all(replies.as_bytes());
    }
}

/// Prints an error with all that caused it, in every form.
pub(crate) fn tell(error: &Error) {
    println!(
        "{error} {error:?} {error:#?} {:?} {:?}",
        error.server(),
        error.key()
    );
    let redis = redis::RedisError::from(error.clone());
    let mut source: Option<&dyn StdError> = Some(&redis);
    while let Some(error) = source {
        println!("{error} {error:?}");
        source = error.source();
    }
}

pub(crate) fn show(value: &(impl Debug + ?Sized)) {
    println!("{value:?} {value:#?}");
}

fn encoded(secret: &str) -> String {
    secret.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
#[ignore = "the other test runs it in a process of its own"]
fn says_all_that_it_can() {
    let ports = env::var(CHILD).unwrap();
    let (config, data) = ports.split_once(' ').unwrap();
    // Another crate of the build may switch colours on, which would stand between the words.
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(std::io::stderr)
        .init();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (config, data) = (format!("127.0.0.1:{config}"), data.parse().unwrap());
        says(&config, data).await;
        says_of_references(&config, data).await;
        says_of_echoes().await;
    });
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        println!("{key:?} {value:?}");
    }
    println!(
        "{:?} {}",
        status(),
        serde_json::to_string(&status()).unwrap()
    );
}

async fn says(config_server: &str, data: u16) {
    let settings = Settings::new(format!(
        "redis://:{}@{config_server}",
        encoded(OF_CONFIG_SERVER)
    ));
    show(&settings);
    let logs = always_fresh("logs");
    let with_password = |host: &str, port: u16, password: &str| {
        ComponentConfig::new(host)
            .port(port)
            .username("default")
            .password(password)
    };
    let good = with_password("127.0.0.1", data, OF_DATA_SERVER);
    settings
        .clone()
        .scope(async {
            show(&Scope::current().unwrap());
            set_config(logs, &good).await.unwrap();
            let mut connection = logs.connection().await.unwrap();
            drop(name_of(&mut connection).await);
            show(&connection);
            show(&get_config(logs).await.unwrap());
            println!("{}", serde_json::to_string(&status()).unwrap());
            for config in [
                with_password("127.0.0.1", data, OF_NO_SERVER),
                with_password("127.0.0.1", impostor(repeats), OF_NO_SERVER),
                with_password("127.0.0.1", impostor(web_server), OF_NO_SERVER),
                with_password("127.0.0.1", refuses(), OF_NO_SERVER),
                with_password("169.254.1.1", 6379, OF_NO_SERVER),
                with_password("0.0.0.0", 6379, OF_NO_SERVER),
            ] {
                show(&config);
                if let Err(error) = set_config(logs, &config).await {
                    tell(&error);
                }
                drop(logs.connection().await);
                show(&status());
            }
            drop(catch_unwind(|| {
                panic!("{:?} {:?} {good:?}", settings, status())
            }));
        })
        .await;
    for text in refused() {
        if let Err(error) = ComponentConfig::from_json(&text) {
            tell(&error);
        }
        if let Err(error) = ComponentConfig::from_url(&text) {
            tell(&error);
        }
    }
    for port in [data, impostor(repeats), impostor(tarpit), refuses()] {
        let secret = encoded(OF_NO_SERVER);
        let url = format!("redis://u:{secret}@127.0.0.1:{port}");
        let fixed = Settings::fixed([("logs", url.clone())]);
        let policy = Policy::new().allow_ports(1..=1);
        for settings in [fixed.clone(), Settings::new(url), fixed.policy(policy)] {
            show(&settings);
            settings
                .clone()
                .scope(async {
                    tell(&logs.connection().await.unwrap_err());
                    show(&status());
                })
                .await;
            if let Err(error) = settings.scope_blocking(|| logs.blocking_connection()) {
                tell(&error);
            }
        }
    }
}

/// Configs and urls that are refused, with a secret in each place.
fn refused() -> Vec<String> {
    let secret = OF_NO_SERVER;
    let json = serde_json::to_string(secret).unwrap();
    vec![
        secret.to_owned(),
        json.clone(),
        format!("{{\"host\": \"h\", \"password\": {json}"),
        format!("{{\"host\": \"h\", \"password\": [{json}]}}"),
        format!("{{\"host\": \"h\", \"passwort\": {json}}}"),
        format!("{{\"host\": \"h\", \"port\": {json}}}"),
        format!("{{\"host\": {json}}}"),
        format!("{{\"url\": {json}}}"),
        format!("{{\"host\": \"h\", \"password\": {json}, \"password\": {json}}}"),
        format!("{{\"host\": \"h\", \"ssl\": true, \"ssl_ca_data\": {json}}}"),
        format!("{{\"unix_socket_path\": {json}}}"),
        format!("redis://:{secret}@h:0"),
        format!("redis://{secret}"),
        format!("rediss://u:{secret}@h/x"),
        format!("redis://h?password={}", encoded(secret)),
        format!("{{\"host\": \"h\", \"password\": {{\"file\": {json}}}}}"),
        format!("{{\"host\": \"h\", \"password\": {{\"flie\": {json}}}}}"),
        format!("{{\"host\": \"h\", \"password\": {{\"env\": [{json}]}}}}"),
        format!("{{\"host\": \"h\", \"password\": {{\"env\": {json}, \"file\": {json}}}}}"),
    ]
}
