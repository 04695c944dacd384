//! `serve`: what happens now, over HTTP.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use super::interval::interval;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::interrupt::interrupted;
use crate::lines::{say, warn, write_whole};
use crate::live::Observer;
use crate::options::Format;
use crate::output::{Reply, event};
use crate::place::Place;
use crate::serve::{record, router};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The address to listen on. Everybody who reaches it can read all that is shown.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7379")]
    listen: SocketAddr,
    /// How often the servers are looked at.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    interval: Duration,
}

/// Runs until it is interrupted.
pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let place = Place::find(&context.global)?;
    let stage = Rc::clone(&context.stage);
    let (listener, address) = listen(options.listen).await?;
    let end = interrupted();
    tokio::pin!(end);
    let (observer, snapshots) = tokio::select! {
        opened = Observer::open(place, stage, options.interval) => opened?,
        () = &mut end => return Ok(Reply::default()),
    };
    let (pictures, recording) = record(snapshots);
    let router = router(pictures, address.ip());
    let url = json!({"url": format!("http://{address}/")});
    if context.global.output == Format::Table {
        say(&format!("listening on http://{address}/ until Ctrl-C"));
    } else if write_whole(&event("serve", "listening", "begin", &url)).is_err() {
        return Ok(Reply::default());
    }
    if !address.ip().is_loopback() {
        warn("everybody who reaches this address can read all that is shown");
    }
    tokio::select! {
        () = &mut end => {}
        () = observer.run() => {}
        () = recording => {}
        served = axum::serve(listener, router) => served.map_err(|error| unable(address, &error))?,
    }
    Ok(Reply::new(url, ""))
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let unable = |error: std::io::Error| unable(address, &error);
    let listener = TcpListener::bind(address).await.map_err(unable)?;
    let address = listener.local_addr().map_err(unable)?;
    Ok((listener, address))
}

fn unable(address: SocketAddr, error: &std::io::Error) -> Failure {
    let text = format!("cannot listen on {address}: {error}; choose another one with --listen");
    Failure::new(Code::CannotListen, text)
}
