//! Starts a server and waits until it answers.

use std::time::{Duration, Instant};
use std::{io, iter};

use redis::{Client, ConnectionAddr, RedisResult};

use crate::control::Control;
use crate::plan::{Kind, Plan, Ports};
use crate::process::Process;
use crate::reserved::Reserved;

/// A disk that is busy holds up a server that starts for seconds.
const READY_WITHIN: Duration = Duration::from_secs(30);
const PORTS_TRIED: usize = 5;

/// A server that answers.
pub(crate) struct Started {
    pub(crate) ports: Ports,
    /// Keeps the ports for this server, also while it is stopped.
    pub(crate) reserved: Vec<Reserved>,
    pub(crate) client: Client,
    pub(crate) process: Process,
    pub(crate) control: Control,
}

/// Starts a server on free ports; if another process takes one first, on others.
pub(crate) fn on_free_ports(plan: &Plan) -> io::Result<Started> {
    let mut failure = io::Error::other("no port was tried");
    for _ in 0..PORTS_TRIED {
        // Redis cannot bind port 0 and say which port it got. Where a port cannot be reserved,
        // another process may take it first.
        let reserved = Reserved::any()?;
        let peers = if plan.has_peers_port() {
            Some(Reserved::any()?)
        } else {
            None
        };
        let ports = Ports {
            clients: reserved.port(),
            peers: peers.as_ref().map(Reserved::port),
        };
        let mut process = Process::spawn(ports, plan)?;
        let client = client(ports.clients, plan, &process)?;
        match ready(&mut process, &client, plan.kind) {
            Ok(control) => {
                return Ok(Started {
                    ports,
                    reserved: iter::once(reserved).chain(peers).collect(),
                    client,
                    process,
                    control,
                });
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => failure = error,
            Err(error) => return Err(error),
        }
    }
    Err(failure)
}

/// Returns a client; it knows the password if the arguments have `--requirepass`. A server that
/// speaks TLS is reached through its unix socket, because no feature of redis-rs is switched on for
/// the programs under test.
fn client(port: u16, plan: &Plan, process: &Process) -> io::Result<Client> {
    let mut settings = redis::RedisConnectionInfo::default();
    if let Some(password) = plan.password() {
        settings = settings.set_password(password);
    }
    let address = match plan.socket(process.directory()) {
        Some(socket) if plan.tls.is_some() => ConnectionAddr::Unix(socket),
        _ => ConnectionAddr::Tcp("127.0.0.1".to_owned(), port),
    };
    let info = redis::IntoConnectionInfo::into_connection_info(address)
        .map_err(io::Error::other)?
        .set_redis_settings(settings);
    Client::open(info).map_err(io::Error::other)
}

/// Waits until the process itself answers, and not another server on its port. Resets its
/// statistics to zero.
pub(crate) fn ready(process: &mut Process, client: &Client, kind: Kind) -> io::Result<Control> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        let reason = match answers(client) {
            Ok((mut control, id)) if id == process.id() => {
                // A sentinel has no such command.
                if kind != Kind::Sentinel {
                    let reset = control.query(&["CONFIG", "RESETSTAT"]);
                    reset.map_err(io::Error::other)?;
                }
                return Ok(control);
            }
            Ok((_, id)) => format!("process {id} answers in its place"),
            Err(error) => error.to_string(),
        };
        if process.has_exited() {
            return Err(ended(process));
        }
        if Instant::now() > deadline {
            let output = process.output();
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("the server was not ready within {READY_WITHIN:?}: {reason}\n{output}"),
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn answers(client: &Client) -> RedisResult<(Control, u32)> {
    let mut control = Control::connect(client.clone())?;
    control.query(&["PING"])?;
    let id = control
        .info("server", "process_id")?
        .and_then(|id| id.parse().ok())
        .unwrap_or_default();
    Ok((control, id))
}

fn ended(process: &Process) -> io::Error {
    let output = process.output();
    let kind = if output.contains("Address already in use") {
        io::ErrorKind::AddrInUse
    } else {
        io::ErrorKind::Other
    };
    let lacks = lacks(&output).unwrap_or_default();
    io::Error::new(
        kind,
        format!("the server ended before it was ready{lacks}:\n{output}"),
    )
}

/// Returns what the redis-server of this machine cannot do, if it says that it does not know one of
/// our arguments.
fn lacks(output: &str) -> Option<&'static str> {
    let directive = output.split(">>> '").nth(1)?;
    let unknown = output.contains("Bad directive");
    match directive {
        _ if !unknown => None,
        word if word.starts_with("tls-") => {
            Some(", because it is built without TLS (it needs BUILD_TLS=yes)")
        }
        word if word.starts_with("cluster-") => {
            Some(", because it is older than Redis 7.0, which clusters of tests need")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{lacks, on_free_ports, ready};
    use crate::plan::{Kind, Plan};
    use crate::process::Process;

    #[test]
    fn another_server_on_the_port_is_not_taken_for_ours() {
        let plan = Plan::default();
        let first = on_free_ports(&plan).unwrap();
        let mut late = Process::spawn(first.ports, &plan).unwrap();
        let error = ready(&mut late, &first.client, Kind::Standalone).err();
        assert_eq!(
            error.map(|error| error.kind()),
            Some(io::ErrorKind::AddrInUse)
        );
    }

    #[test]
    fn a_server_that_lacks_a_feature_is_named_as_such() {
        let output = |directive: &str, problem: &str| {
            format!("*** FATAL CONFIG FILE ERROR ***\n>>> '{directive} \"1\"'\n{problem}\n")
        };
        let unknown = "Bad directive or wrong number of arguments";
        let found = lacks(&output("tls-port", unknown));
        assert!(found.unwrap().contains("BUILD_TLS=yes"));
        let found = lacks(&output("cluster-port", unknown));
        assert!(found.unwrap().contains("Redis 7.0"));
        assert_eq!(lacks(&output("no-such-option", unknown)), None);
        assert_eq!(lacks(&output("tls-port", "Invalid port")), None);
        assert_eq!(lacks("# Failed to load certificate"), None);
    }
}
