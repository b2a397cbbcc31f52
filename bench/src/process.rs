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
    let text = fs_err::read_to_string(format!("/proc/{id}/stat"))?;
    // The name in brackets may hold anything; what follows is in a fixed order from the third on.
    let (_, rest) = text.rsplit_once(") ").context("no name in /proc/…/stat")?;
    let field = |number: usize| -> anyhow::Result<f64> {
        let field = rest.split(' ').nth(number - 3);
        Ok(field.context("/proc/…/stat is short")?.parse()?)
    };
    Ok((field(14)? + field(15)?) / TICKS)
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
