//! A server's data moves to another server and back while three processes call it, and no call is
//! lost.
//!
//! ```text
//! cargo xtask demo --data [--moves 10] [--tasks 64] [--keys 1000000]
//! ```
//!
//! The demo starts three Redis servers: a config server and two data servers, A and B. A has the data
//! of three components and a million keys. Two processes in Rust and one in Python count there, in
//! tasks and threads, and this one pushes numbers into a queue and pops them, and publishes numbers
//! to a subscriber. None of them knows of servers. The demo then moves the data back and forth with `redis-components move`, as an operator
//! does.
//!
//! At the end the demo compares what each caller was told with what the server holds. If a call
//! failed, or something was lost or counted twice, the exit code is 1.

#[path = "move_data/callers.rs"]
mod callers;
#[path = "move_data/listener.rs"]
mod listener;
#[path = "move_data/live.rs"]
mod live;
#[path = "move_data/operator.rs"]
mod operator;
#[path = "move_data/options.rs"]
mod options;
#[path = "shared/program.rs"]
mod program;
#[path = "move_data/queue.rs"]
mod queue;
#[path = "move_data/servers.rs"]
mod servers;
#[path = "move_data/summary.rs"]
mod summary;
#[path = "move_data/tally.rs"]
mod tally;
#[path = "move_data/worker.rs"]
mod worker;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use self::callers::Callers;
use self::listener::Listener;
use self::live::Live;
use self::operator::Operator;
use self::options::Options;
use self::queue::Queue;
use self::servers::Servers;
use self::summary::Summary;

/// How long a server keeps the data, so that a reader sees its rate.
const STAY: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(number) = options.worker {
        return worker::run(number, options.tasks).await;
    }
    program::run(demonstrate(&options)).await
}

async fn demonstrate(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let servers = Servers::start(options.keys)?;
    println!("{servers}");
    let operator = Operator::of(&servers)?;
    operator.place()?;
    redis_components::Settings::new(servers.config_url()).install()?;
    // One first call reports a problem once.
    app::queues::connection().await?;

    let queue = Queue::start();
    let listener = Listener::start().await?;
    let mut callers = Callers::start(&servers, options.tasks)?;
    callers.have_begun().await?;
    println!("{callers}\n");
    let mut live = Live::new(options.moves, listener.figures());
    live.show(&mut callers, STAY).await?;
    for number in 1..=options.moves {
        let moved = live.until(&mut callers, operator.move_to(number)).await??;
        live.moved(number, &moved, &callers)?;
        live.show(&mut callers, STAY).await?;
    }
    live.end()?;
    let calls = callers.stop().await?;
    let queue = queue.stop().await;
    let heard = listener.stop().await;

    let summary = Summary::new(
        &servers,
        &servers.data[options.moves % 2],
        calls,
        queue,
        heard,
        &live,
    );
    println!("{summary}");
    Ok(summary.exit_code())
}
