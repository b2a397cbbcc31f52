//! The relay, durable, with identity and duplicates on, against a bare axum handler that
//! only reads the body: each a process of its own, in turns.

use std::process::Command;
use std::time::Duration;

use axum::body::Bytes;
use clickstream_lab::program::Program;
use clickstream_lab::relay::Relay;

use crate::load::{CONNECTIONS, Template, requests_a_second};
use crate::table;

const ROUNDS: usize = 3;
const TIME: Duration = Duration::from_secs(3);

/// Runs the comparison at 1, 20 and 100 events a request.
pub fn run() -> anyhow::Result<()> {
    table::head(
        &format!("relay, durable, {CONNECTIONS} connections"),
        "bare axum",
    );
    for events in [1, 20, 100] {
        let template = Template::batch(events);
        let (mut ours, mut peer) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let folder = tempfile::tempdir()?;
            let relay = Relay::start(folder.path(), &["--buffer-interval", "60"])?;
            relay.wait_ready()?;
            ours.push(requests_a_second(port(&relay.url)?, &template, TIME)?);
            drop(relay);

            let mut own = Command::new(std::env::current_exe()?);
            own.arg("bare");
            let mut bare = Program::spawn("bare", own)?;
            let address = bare.wait_for("its address", |line| line.parse::<u16>().ok())?;
            peer.push(requests_a_second(address, &template, TIME)?);
        }
        table::row(
            &format!("  {events} events a request"),
            "requests/s",
            ours,
            peer,
        );
    }
    Ok(())
}

fn port(url: &str) -> anyhow::Result<u16> {
    Ok(url.rsplit(':').next().unwrap_or_default().parse()?)
}

/// The peer: reads the body and answers.
pub fn bare() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        eprintln!("{}", listener.local_addr()?.port());
        let router = axum::Router::new().route(
            "/v1/batch",
            axum::routing::post(|body: Bytes| async move {
                if body.is_empty() {
                    "empty"
                } else {
                    r#"{"success":true}"#
                }
            }),
        );
        axum::serve(listener, router).await?;
        Ok(())
    })
}
