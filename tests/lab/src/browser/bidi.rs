//! WebDriver BiDi, W3C's protocol over a WebSocket: one connection that all threads ask through.

use std::collections::HashMap;
use std::thread;

use anyhow::Context as _;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

use crate::wait;

/// What was asked, and who waits for the answer.
struct Call {
    method: &'static str,
    parameters: Value,
    answer: oneshot::Sender<anyhow::Result<Value>>,
}

/// A connection; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Connection(mpsc::UnboundedSender<Call>);

impl Connection {
    /// Connects in a thread of its own: tests have a runtime each, and this outlives them.
    ///
    /// # Errors
    /// Where there is no thread, or no session is given.
    pub(super) async fn open(url: String) -> anyhow::Result<Self> {
        let (calls, asked) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        thread::spawn(move || runtime.block_on(carry(&url, asked)));
        let connection = Self(calls);
        connection
            .call("session.new", json!({"capabilities": {}}))
            .await?;
        Ok(connection)
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// What the browser says, or that it is gone.
    pub(super) async fn call(
        &self,
        method: &'static str,
        parameters: Value,
    ) -> anyhow::Result<Value> {
        wait::answer(method, self.ask(method, parameters))
            .await
            .with_context(|| format!("{method}: the connection"))?
    }

    /// Asks; the answer may be waited for or not.
    pub(super) fn ask(
        &self,
        method: &'static str,
        parameters: Value,
    ) -> oneshot::Receiver<anyhow::Result<Value>> {
        let (answer, answered) = oneshot::channel();
        // To one that has ended nothing is said: the answer then fails to come.
        let _ = self.0.send(Call {
            method,
            parameters,
            answer,
        });
        answered
    }
}

/// Carries calls and answers until either side ends.
async fn carry(url: &str, mut asked: mpsc::UnboundedReceiver<Call>) {
    let Ok((mut socket, _)) = tokio_tungstenite::connect_async(url).await else {
        return;
    };
    let mut waiting = HashMap::new();
    for id in 0_u64.. {
        let call = loop {
            tokio::select! {
                call = asked.recv() => break call,
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => answer(&text, &mut waiting),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
            }
        };
        let Some(call) = call else {
            return;
        };
        let text = json!({"id": id, "method": call.method, "params": call.parameters}).to_string();
        waiting.insert(id, (call.method, call.answer));
        if socket.send(Message::text(text)).await.is_err() {
            return;
        }
    }
}

type Waiting = HashMap<u64, (&'static str, oneshot::Sender<anyhow::Result<Value>>)>;

/// Hands an answer to who waits for it.
fn answer(text: &str, waiting: &mut Waiting) {
    let mut message: Value = serde_json::from_str(text).unwrap_or_default();
    let id = message["id"].as_u64();
    let Some((method, waits)) = id.and_then(|id| waiting.remove(&id)) else {
        return;
    };
    // Who asked may have gone.
    let _ = waits.send(if message["type"] == "success" {
        Ok(message["result"].take())
    } else {
        let (error, why) = (&message["error"], &message["message"]);
        Err(anyhow::anyhow!("{method}: {error}: {why}"))
    });
}
