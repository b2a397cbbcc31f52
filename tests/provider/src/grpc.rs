//! gRPC over HTTP/2 without TLS: a call is one message in, one message out.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use crate::provider::Provider;

/// Five bytes before each message: not compressed, and its length.
const FRAME: usize = 5;

/// What a call ends with.
enum End {
    Answered(Vec<u8>),
    /// gRPC's code, and why.
    Failed(u8, String),
}

const UNKNOWN: u8 = 2;
const UNIMPLEMENTED: u8 = 12;

/// Answers calls until Terraform says that it is done.
pub async fn serve(listener: UnixListener, provider: Arc<Provider>) -> anyhow::Result<()> {
    let (done, mut is_done) = mpsc::channel(1);
    loop {
        let accepted = tokio::select! {
            _ = is_done.recv() => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        let (socket, _) = accepted.context("Terraform's connection")?;
        let (provider, done) = (Arc::clone(&provider), done.clone());
        tokio::spawn(async move {
            if let Err(error) = connection(socket, provider, done).await {
                eprintln!("a connection ended: {error}");
            }
        });
    }
}

async fn connection(
    socket: UnixStream,
    provider: Arc<Provider>,
    done: mpsc::Sender<()>,
) -> Result<(), h2::Error> {
    let mut connection = h2::server::handshake(socket).await?;
    while let Some(call) = connection.accept().await {
        let (request, respond) = call?;
        let (provider, done) = (Arc::clone(&provider), done.clone());
        tokio::spawn(async move {
            let stops = request.uri().path() == "/plugin.GRPCController/Shutdown";
            if let Err(error) = call_answered(request, respond, &provider).await {
                eprintln!("a call ended: {error}");
            }
            if stops {
                let _ = done.send(()).await;
            }
        });
    }
    Ok(())
}

async fn call_answered(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    provider: &Provider,
) -> anyhow::Result<()> {
    let (head, body) = request.into_parts();
    let message = message(body).await?;
    let end = match head.uri.path() {
        // "serving"
        "/grpc.health.v1.Health/Check" => End::Answered(vec![0x08, 0x01]),
        "/plugin.GRPCController/Shutdown" => End::Answered(Vec::new()),
        path => match path.strip_prefix("/tfplugin6.Provider/") {
            Some(method) => match provider.call(method, &message) {
                Ok(Some(answer)) => End::Answered(answer),
                Ok(None) => End::Failed(UNIMPLEMENTED, format!("no {method} here")),
                Err(error) => End::Failed(UNKNOWN, format!("{method}: {error:#}")),
            },
            None => End::Failed(UNIMPLEMENTED, format!("no {path} here")),
        },
    };
    let head = Response::builder().header("content-type", "application/grpc");
    let mut stream = respond.send_response(head.body(())?, false)?;
    let mut trailers = HeaderMap::new();
    match end {
        End::Answered(message) => {
            let mut framed = BytesMut::with_capacity(FRAME + message.len());
            framed.put_u8(0);
            framed.put_u32(u32::try_from(message.len())?);
            framed.put_slice(&message);
            stream.send_data(framed.freeze(), false)?;
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
        }
        End::Failed(code, why) => {
            // A header takes no line breaks.
            let why: String = why
                .chars()
                .map(|c| if c.is_ascii_graphic() { c } else { ' ' })
                .collect();
            trailers.insert("grpc-status", HeaderValue::from(u16::from(code)));
            trailers.insert("grpc-message", HeaderValue::from_str(&why)?);
        }
    }
    stream.send_trailers(trailers)?;
    Ok(())
}

/// The one message of a call's body.
async fn message(mut body: RecvStream) -> anyhow::Result<Bytes> {
    let mut all = BytesMut::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        all.extend_from_slice(&chunk);
    }
    anyhow::ensure!(all.len() >= FRAME && all[0] == 0, "no plain gRPC message");
    Ok(all.freeze().slice(FRAME..))
}
