//! Tells the service manager how we are (sd_notify(3)): a datagram of a few lines to the socket that
//! `NOTIFY_SOCKET` names. Without one, nobody is told.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Who started us and wants to know.
#[derive(Debug, Default)]
pub struct Manager(Option<(UnixDatagram, SocketAddr)>);

impl Manager {
    /// By the variable `NOTIFY_SOCKET`; a path, or a name after `@` that is in no folder.
    #[must_use]
    pub fn at(socket: Option<&OsStr>) -> Self {
        let address = socket.and_then(address);
        let found = address.and_then(|address| Some((UnixDatagram::unbound().ok()?, address)));
        if socket.is_some() && found.is_none() {
            tracing::warn!(
                ?socket,
                "the service manager cannot be told anything: check NOTIFY_SOCKET"
            );
        }
        Self(found)
    }

    /// Events are taken.
    pub fn ready(&self) {
        self.tell("READY=1\nSTATUS=events are taken");
    }

    /// A stop has begun; what waits is delivered for as long as the grace lasts.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=stopping: answers and deliveries finish");
    }

    fn tell(&self, state: &str) {
        let Self(Some((socket, address))) = self else {
            return;
        };
        if let Err(error) = socket.send_to_addr(state.as_bytes(), address) {
            tracing::warn!(%error, "the service manager was not told");
        }
    }
}

fn address(socket: &OsStr) -> Option<SocketAddr> {
    match socket.as_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(name).ok()
        }
        [b'/', ..] => SocketAddr::from_pathname(socket).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(receiver: &UnixDatagram) -> String {
        let mut state = [0; 200];
        let length = receiver.recv(&mut state).unwrap();
        String::from_utf8(state[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_path_and_a_name_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let by_path = UnixDatagram::bind(&path).unwrap();
        let manager = Manager::at(Some(path.as_os_str()));
        manager.ready();
        assert!(heard(&by_path).starts_with("READY=1\n"));
        manager.stopping();
        assert!(heard(&by_path).starts_with("STOPPING=1\n"));
        let name = format!("@clickstream-relay-test-{}", std::process::id());
        let address = address(OsStr::new(&name)).unwrap();
        let by_name = UnixDatagram::bind_addr(&address).unwrap();
        Manager::at(Some(OsStr::new(&name))).ready();
        assert!(heard(&by_name).starts_with("READY=1\n"));
    }

    #[test]
    fn nobody_to_tell_is_no_trouble() {
        Manager::at(None).ready();
        Manager::at(Some(OsStr::new("relative"))).ready();
        Manager::at(Some(OsStr::new("/nowhere/at/all"))).stopping();
    }
}
