//! nginx with each body as a line of its access log: the collector that needs no program.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use clickstream_lab::program::Program;
use clickstream_lab::wait;

use crate::relay::{Figures, measure};

/// Debian has it where only root's PATH looks.
const PROGRAM: &str = "/usr/sbin/nginx";

/// Its name and version.
pub fn version() -> anyhow::Result<String> {
    let output = Command::new(PROGRAM)
        .arg("-v")
        .output()
        .context("cannot start nginx; on Debian: apt-get install nginx-light")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let version = said.trim().rsplit('/').next().unwrap_or_default();
    Ok(version.to_owned())
}

/// One round: so many seconds of load.
pub fn round(
    folder: &Path,
    events: usize,
    time: Duration,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(folder)?;
    let (port, inner) = (free_port()?, free_port()?);
    let file = folder.path().join("nginx.conf");
    fs_err::write(&file, settings(folder.path(), port, inner))?;
    let mut nginx = Command::new(PROGRAM);
    nginx.arg("-p").arg(folder.path()).arg("-c").arg(&file);
    let nginx = Program::spawn("nginx", nginx)?;
    wait::until("nginx to answer", || {
        TcpStream::connect(("127.0.0.1", port))
    })?;
    measure(nginx.id(), port, events, time, figures)?;
    let log = fs_err::metadata(folder.path().join("bodies.log"))?.len();
    anyhow::ensure!(log > 0, "nginx wrote no body into its log");
    Ok(())
}

/// nginx reads a body only when it has somebody to hand it to: a second server of its own, which
/// answers at once.
fn settings(folder: &Path, port: u16, inner: u16) -> String {
    let folder = folder.display();
    format!(
        r#"daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    log_format body escape=json '$request_body';
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 4m;
    client_body_buffer_size 4m;
    client_body_in_single_buffer on;
    keepalive_requests 1000000000;
    upstream inner {{ server 127.0.0.1:{inner}; keepalive 64; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            access_log {folder}/bodies.log body;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_pass http://inner;
        }}
    }}
    server {{
        listen 127.0.0.1:{inner};
        location / {{ return 200 '{{"success":true}}'; }}
    }}
}}
"#
    )
}

/// A port that was free a moment ago: nginx cannot be asked to choose one.
fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}
