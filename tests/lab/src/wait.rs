//! Waiting on conditions.

use std::time::{Duration, Instant};

use anyhow::bail;

/// Long enough for a machine that builds something else meanwhile.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Asks until there is an answer.
///
/// # Errors
/// After the deadline, naming what was waited for and what was last seen.
pub fn until<T, S: std::fmt::Debug>(
    what: &str,
    mut look: impl FnMut() -> Result<T, S>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(seen) if started.elapsed() > DEADLINE => {
                bail!("waited {DEADLINE:?} for {what}; last seen: {seen:?}")
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Waits for an answer, but not for ever.
///
/// # Errors
/// What the answer says, or after the deadline, naming what was asked.
pub async fn answer<T, E: Into<anyhow::Error>>(
    what: &str,
    answer: impl Future<Output = Result<T, E>>,
) -> anyhow::Result<T> {
    match tokio::time::timeout(DEADLINE, answer).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(_) => bail!("waited {DEADLINE:?} for an answer to {what}"),
    }
}

/// The same as [`until`] between awaits.
///
/// # Errors
/// After the deadline, naming what was waited for and what was last seen.
pub async fn until_async<T, S: std::fmt::Debug, F>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Result<T, S>>>,
{
    let started = Instant::now();
    loop {
        match look().await? {
            Ok(found) => return Ok(found),
            Err(seen) if started.elapsed() > DEADLINE => {
                bail!("waited {DEADLINE:?} for {what}; last seen: {seen:?}")
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
