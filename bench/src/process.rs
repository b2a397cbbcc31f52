//! What a running process has used, from Linux's `/proc`.

use anyhow::Context as _;

/// Linux counts processor time in hundredths of a second, on every machine that we know.
const TICKS: f64 = 100.0;

/// Seconds of processor time so far, the process's own and the kernel's for it. What neighbours do
/// disturbs this least of all figures.
///
/// # Errors
/// Where the process is gone.
pub fn cpu_seconds(id: u32) -> anyhow::Result<f64> {
    Ok((field(id, 14)? + field(id, 15)?) / TICKS)
}

/// As [`cpu_seconds`], of a process, those that it started, and those of them that have ended.
///
/// # Errors
/// Where the process is gone.
pub fn family_cpu_seconds(id: u32) -> anyhow::Result<f64> {
    let mut sum = cpu_seconds(id)? + (field(id, 16)? + field(id, 17)?) / TICKS;
    for child in children(id)? {
        // One that has just ended is counted among the ended the next time.
        sum += cpu_seconds(child).unwrap_or(0.0);
    }
    Ok(sum)
}

/// The processes that a process started and that still run.
///
/// # Errors
/// Where the process is gone.
pub fn children(id: u32) -> anyhow::Result<Vec<u32>> {
    let text = fs_err::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    let ids = text.split_whitespace().map(str::parse);
    Ok(ids.collect::<Result<_, _>>()?)
}

/// A process's command line, as it shows it; `None` where it has ended.
pub fn words(id: u32) -> Option<String> {
    fs_err::read_to_string(format!("/proc/{id}/cmdline")).ok()
}

/// A number of `/proc/…/stat`, counted as in proc(5).
fn field(id: u32, number: usize) -> anyhow::Result<f64> {
    let text = fs_err::read_to_string(format!("/proc/{id}/stat"))?;
    // The name in brackets may hold anything; what follows is in a fixed order from the third on.
    let (_, rest) = text.rsplit_once(") ").context("no name in /proc/…/stat")?;
    let field = rest.split(' ').nth(number - 3);
    Ok(field.context("/proc/…/stat is short")?.parse()?)
}

/// The most memory that it ever had, in MB.
///
/// # Errors
/// Where the process is gone.
pub fn peak_mb(id: u32) -> anyhow::Result<f64> {
    let text = fs_err::read_to_string(format!("/proc/{id}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line
        .and_then(|line| line.split_whitespace().next())
        .context("no VmHWM in /proc/…/status")?
        .parse()?;
    Ok(kib * 1024.0 / 1e6)
}
