//! A stand-in for Terraform's AWS provider: the published schema, and a pretended account that
//! accepts what AWS would. It is started by Terraform, with which it speaks plugin protocol 6.

mod check;
mod grpc;
mod message;
mod policy;
mod provider;
mod resource;
mod schema;
mod value;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

/// What go-plugin's programs are told, so that nobody starts them by hand.
const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

#[allow(
    clippy::disallowed_methods,
    reason = "Terraform tells its providers everything by variables"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    anyhow::ensure!(
        variable(COOKIE.0).as_deref() == Some(COOKIE.1),
        "this is a plugin: Terraform starts it (see tests/provider/README.md)"
    );
    anyhow::ensure!(
        variable("PLUGIN_CLIENT_CERT").is_none_or(|certificate| certificate.is_empty()),
        "run Terraform with TF_DISABLE_PLUGIN_TLS=1: this provider speaks plain HTTP/2 on its socket"
    );
    // The default chain's region: what the provider's block leaves out.
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    let provider = Arc::new(provider::Provider::new(region)?);
    let folder = variable("PLUGIN_UNIX_SOCKET_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let socket = folder.join(format!("stand-in-{}.sock", std::process::id()));
    let listener = tokio::net::UnixListener::bind(&socket)
        .with_context(|| format!("cannot listen on {}", socket.display()))?;
    // The handshake of go-plugin: its version, the protocol's, where, and how.
    writeln!(std::io::stdout(), "1|6|unix|{}|grpc|", socket.display())?;
    let served = grpc::serve(listener, provider).await;
    let _ = fs_err::remove_file(&socket);
    served
}
