//! Visitors side by side: windows whose cookies and storage know nothing of each other.
//!
//! A WebDriver session has one set of cookies for all its windows. Chromium itself has
//! browser contexts, as private windows are; they are made over its own debugger, and the
//! driver then finds their windows like any other.

use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::BrowseError;
use super::chromium::WINDOW;

/// Chromium's debugger. The contexts last as long as it is connected.
#[derive(Debug)]
pub struct Contexts {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    calls: u64,
}

impl Contexts {
    /// Connects to the debugger at `host:port`.
    ///
    /// # Errors
    /// When it does not answer as Chromium's does.
    pub async fn connect(debugger: &str) -> Result<Self, BrowseError> {
        let failed = |what: String| BrowseError::Debugger(what);
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
        let address = format!("http://{debugger}/json/version");
        let address = address
            .parse()
            .map_err(|error| failed(format!("{address}: {error}")))?;
        let answer = client
            .get(address)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let body = answer
            .into_body()
            .collect()
            .await
            .map_err(|error| failed(error.to_string()))?;
        let version: Value =
            serde_json::from_slice(&body.to_bytes()).map_err(|error| failed(error.to_string()))?;
        let socket = version.get("webSocketDebuggerUrl").and_then(Value::as_str);
        let socket = socket.ok_or_else(|| failed("it names no address of its own".to_owned()))?;
        let (socket, _) = tokio_tungstenite::connect_async(socket)
            .await
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { socket, calls: 0 })
    }

    /// Opens a window with cookies and storage of its own; returns the driver's name for it.
    ///
    /// # Errors
    /// When Chromium refuses.
    pub async fn window(&mut self) -> Result<String, BrowseError> {
        let context = self
            .call(
                "Target.createBrowserContext",
                json!({ "disposeOnDetach": true }),
            )
            .await?;
        let context = context.get("browserContextId").cloned().unwrap_or_default();
        let target = json!({ "url": "about:blank", "browserContextId": context, "newWindow": true, "width": WINDOW.0, "height": WINDOW.1 });
        let target = self.call("Target.createTarget", target).await?;
        target
            .get("targetId")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| BrowseError::Debugger("it opened no window".to_owned()))
    }

    async fn call(&mut self, method: &str, params: Value) -> Result<Value, BrowseError> {
        self.calls += 1;
        let call = json!({ "id": self.calls, "method": method, "params": params }).to_string();
        let failed =
            |error: tokio_tungstenite::tungstenite::Error| BrowseError::Debugger(error.to_string());
        self.socket
            .send(Message::text(call))
            .await
            .map_err(failed)?;
        while let Some(message) = self.socket.next().await {
            let Message::Text(text) = message.map_err(failed)? else {
                continue;
            };
            let answer: Value = serde_json::from_str(&text).unwrap_or_default();
            // Events come between the answers.
            if answer.get("id").and_then(Value::as_u64) == Some(self.calls) {
                return match answer.get("result") {
                    Some(result) => Ok(result.clone()),
                    None => Err(BrowseError::Debugger(format!(
                        "{method}: {}",
                        answer.get("error").unwrap_or(&Value::Null)
                    ))),
                };
            }
        }
        Err(BrowseError::Debugger("it closed the connection".to_owned()))
    }
}
