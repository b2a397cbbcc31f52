//! A server on a free port with a folder of its own, and a client of the real SDK.

use aws_sdk_firehose::config::retry::RetryConfig;
use aws_sdk_firehose::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_firehose::error::SdkError;
use aws_sdk_firehose::operation::describe_delivery_stream::DescribeDeliveryStreamError;
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::{DeliveryStreamDescription, Record};
use aws_sdk_firehose::{Client, Config};
use firehose_local::clock::SystemClock;
use firehose_local::server::{self, Server, Totals};
use firehose_local::{PartitionBy, StreamConfig};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub struct Running {
    pub address: SocketAddr,
    pub dir: TempDir,
    counters: Arc<server::Counters>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), server::Undelivered>>,
}

pub async fn start(accelerate: u32, faults: &str) -> Running {
    let dir = TempDir::new().unwrap();
    let config = server::Config {
        streams: vec![StreamConfig::clickstream(PartitionBy::User)],
        accelerate: accelerate.try_into().unwrap(),
        faults: faults.parse().unwrap(),
        ..config(dir.path())
    };
    start_with(dir, config).await
}

/// A server without a stream, whose transitions take no time that a test would notice.
pub fn config(dir: &Path) -> server::Config {
    server::Config {
        transition: Duration::ZERO,
        ..server::Config::new(dir, [1; 32], Arc::new(SystemClock))
    }
}

pub async fn start_with(dir: TempDir, config: server::Config) -> Running {
    let server = Server::new(config).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counters = server.counters();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server.serve(listener, async {
        let _ = stopped.await;
    }));
    Running {
        address,
        dir,
        counters,
        stop,
        task,
    }
}

/// A client of the real SDK that tries once.
pub fn client_at(address: &str, region: &'static str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(Credentials::new("any", "any", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(format!("http://{address}"))
        .build();
    Client::from_conf(config)
}

impl Running {
    pub fn client(&self) -> Client {
        self.client_in("eu-central-1")
    }

    pub fn client_in(&self, region: &'static str) -> Client {
        client_at(&self.address.to_string(), region)
    }

    /// What the API says of a stream.
    pub async fn described(
        &self,
        name: &str,
    ) -> Result<DeliveryStreamDescription, SdkError<DescribeDeliveryStreamError>> {
        let asked = self.client().describe_delivery_stream();
        let answer = asked.delivery_stream_name(name).send().await?;
        Ok(answer.delivery_stream_description.unwrap())
    }

    /// Calls an operation with this JSON and no SDK between, which would not send what is wrong.
    pub async fn call(&self, operation: &str, input: &Value) -> (u16, Value) {
        let target = format!("X-Amz-Target: Firehose_20150804.{operation}\r\n");
        let (status, body) = self.ask("POST / ", &target, &input.to_string()).await;
        (status, serde_json::from_str(&body).unwrap())
    }

    /// Any request: `GET /path `, more header lines, a body.
    pub async fn ask(&self, line: &str, headers: &str, body: &str) -> (u16, String) {
        let host = self.address.to_string();
        self.ask_as(&host, line, headers, body).await
    }

    /// The head of an answer.
    pub async fn head(&self, line: &str) -> String {
        let answer = self.exchange(&self.address.to_string(), line, "", "").await;
        answer.split_once("\r\n\r\n").unwrap().0.to_owned()
    }

    /// The same under another Host.
    pub async fn ask_as(&self, host: &str, line: &str, headers: &str, body: &str) -> (u16, String) {
        let answer = self.exchange(host, line, headers, body).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    async fn exchange(&self, host: &str, line: &str, headers: &str, body: &str) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "{line}HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    }

    pub fn totals(&self) -> Totals {
        self.counters.totals()
    }

    /// Stops the server, which delivers everything, and gives its numbers and its folder.
    pub async fn stop(self) -> (Totals, TempDir) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
        (self.counters.totals(), self.dir)
    }
}

pub fn record(data: impl Into<Vec<u8>>) -> Record {
    Record::builder()
        .data(Blob::new(data.into()))
        .build()
        .unwrap()
}

/// Every file under a folder by its path in it, with `/`, but for a bucket's listing.
pub fn files(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs_err::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path != dir.join(".keys") {
                let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs_err::read_to_string(&path).unwrap());
            }
        }
    }
    found
}
