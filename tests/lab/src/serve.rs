//! A server of a test's own: a thread a connection, and one state that all of them share.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Listens on a port from the system; what comes goes to `connection`, with the state. Gives
/// `http://127.0.0.1:PORT` and that state.
///
/// # Errors
/// Where there is no port.
pub(crate) fn start<S: Send + 'static>(
    state: S,
    connection: fn(TcpStream, &Mutex<S>),
) -> anyhow::Result<(String, Arc<Mutex<S>>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let url = format!("http://{}", listener.local_addr()?);
    let state = Arc::new(Mutex::new(state));
    let shared = Arc::clone(&state);
    // Ends with the test's process; a connection is a thread, as clients open few.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let state = Arc::clone(&shared);
            thread::spawn(move || connection(stream, &state));
        }
    });
    Ok((url, state))
}

/// The state, also after a thread that had it has panicked.
pub(crate) fn lock<S>(state: &Mutex<S>) -> MutexGuard<'_, S> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
