//! A socket that somebody else holds for us: systemd's, or any parent's that speaks its protocol
//! (sd_listen_fds(3)). It outlives us, so a restart refuses no connection: who comes in between waits
//! in the system's queue.

use std::net::TcpListener;

use listenfd::ListenFd;

/// Why a socket that was handed over cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// More than one.
    #[error(
        "{0} sockets were handed over (LISTEN_FDS), and one is used; leave one ListenStream= in the \
         socket unit"
    )]
    Many(usize),
    /// No socket that accepts TCP connections.
    #[error(
        "the socket that was handed over (LISTEN_FDS) is no TCP socket: {0}; give the socket unit a \
         ListenStream= with a port"
    )]
    NotTcp(std::io::Error),
}

/// The socket that was handed to the process with this id, if one was; to be asked once, before any
/// thread is started. `listen_pid` is the variable `LISTEN_PID`.
///
/// # Errors
/// When what was handed over cannot be used.
pub fn socket(listen_pid: Option<&str>) -> Result<Option<TcpListener>, ActivationError> {
    // Somebody else's: a parent's variables that were handed down.
    if listen_pid != Some(std::process::id().to_string().as_str()) {
        return Ok(None);
    }
    let mut sockets = ListenFd::from_env();
    match sockets.len() {
        0 => Ok(None),
        1 => {
            let socket = sockets.take_tcp_listener(0);
            let socket = socket.and_then(|socket| {
                // Tokio's sockets never block.
                if let Some(socket) = &socket {
                    socket.set_nonblocking(true)?;
                }
                Ok(socket)
            });
            socket.map_err(ActivationError::NotTcp)
        }
        many => Err(ActivationError::Many(many)),
    }
}
