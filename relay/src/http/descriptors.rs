//! The files that a process may have open: every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For the spool, the lake and whatever else is open beside connections.
const OTHERS: u64 = 512;

/// Lets this process open as many files as `connections` need, as far as the system allows, and says
/// so where that is less: systems start programs with 1,024, though most allow many more.
pub fn allow(connections: usize) {
    let wanted = OTHERS.saturating_add(connections as u64);
    let limit = getrlimit(Resource::Nofile);
    let (now, most) = (
        limit.current.unwrap_or(u64::MAX),
        limit.maximum.unwrap_or(u64::MAX),
    );
    if now < wanted {
        let raised = Rlimit {
            current: Some(wanted.min(most)),
            maximum: limit.maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
    if most < wanted {
        tracing::warn!(
            allowed = most,
            wanted,
            "fewer files may be open than --max-connections needs; raise the limit (LimitNOFILE=) or lower the setting"
        );
    }
}
