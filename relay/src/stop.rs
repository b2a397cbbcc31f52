//! How a program of ours is asked to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Returns when the process is asked to stop: SIGTERM, or Ctrl-C.
pub async fn asked() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::warn!("signals cannot be heard: only kill -9 stops this process");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
}
