//! As much of Kinesis Data Streams as the sink needs: DescribeStreamSummary and PutRecords, with
//! Amazon's limits, and faults on request.

use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Shares of 1000.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Records refused with `ProvisionedThroughputExceededException`, the rest taken.
    pub fail: u32,
    /// Calls refused as a whole with the same.
    pub throttle: u32,
    /// Calls taken whose answer is lost.
    pub lost: u32,
}

/// A record that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub key: String,
    pub data: String,
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub taken: Vec<Taken>,
    pub calls: u64,
    pub failed_records: u64,
    pub throttled_calls: u64,
    pub lost_answers: u64,
    /// Limits that a call broke, in words.
    pub broken: Vec<String>,
}

#[derive(Debug)]
struct State {
    seen: Seen,
    random: ChaCha8Rng,
    faults: Faults,
    status: &'static str,
    refusal: Option<&'static str>,
    /// Records with these words never come through.
    poison: Option<&'static str>,
}

/// A running one; ends with the test.
#[derive(Clone, Debug)]
pub struct Kinesis {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Kinesis {
    pub async fn start(faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            seen: Seen::default(),
            random: ChaCha8Rng::seed_from_u64(7),
            faults,
            status: "ACTIVE",
            refusal: None,
            poison: None,
        };
        let kinesis = Self {
            url,
            state: Arc::new(Mutex::new(state)),
        };
        let serving = kinesis.clone();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let kinesis = serving.clone();
                let service = service_fn(move |request| {
                    let kinesis = kinesis.clone();
                    async move { kinesis.answer(request).await }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(socket), service);
                tokio::spawn(async move {
                    // A lost answer ends it with the service's error.
                    let _ = connection.await;
                });
            }
        });
        kinesis
    }

    pub fn seen(&self) -> Seen {
        self.state.lock().unwrap().seen.clone()
    }

    /// What the stream says of itself from now on.
    pub fn turn(&self, status: &'static str) {
        self.state.lock().unwrap().status = status;
    }

    /// Refuses every put with this code from now on, or no more.
    pub fn refuse(&self, code: Option<&'static str>) {
        self.state.lock().unwrap().refusal = code;
    }

    /// Answers a record with these words in it with `InternalFailure` from now on.
    pub fn fail_records_with(&self, words: &'static str) {
        self.state.lock().unwrap().poison = Some(words);
    }

    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let target = request.headers()["x-amz-target"]
            .to_str()
            .unwrap()
            .to_owned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let mut state = self.state.lock().unwrap();
        let (status, answer) = if body["StreamName"] != "clicks" {
            let message = "Stream x under account 000000000000 not found.";
            error("ResourceNotFoundException", message)
        } else if target == "Kinesis_20131202.DescribeStreamSummary" {
            (200, state.summary())
        } else if target == "Kinesis_20131202.PutRecords" {
            state.put(&body)?
        } else {
            error("UnknownOperationException", &target)
        };
        let response = Response::builder()
            .status(status)
            .header("content-type", "application/x-amz-json-1.1")
            .body(Full::new(answer.to_string().into()));
        Ok(response.unwrap())
    }
}

fn error(code: &str, message: &str) -> (u16, Value) {
    (400, json!({"__type": code, "message": message}))
}

const BUSY: &str = "ProvisionedThroughputExceededException";

impl State {
    fn happens(&mut self, share: u32) -> bool {
        self.random.next_u32() % 1000 < share
    }

    fn summary(&self) -> Value {
        json!({"StreamDescriptionSummary": {
            "StreamName": "clicks",
            "StreamARN": "arn:aws:kinesis:eu-central-1:000000000000:stream/clicks",
            "StreamStatus": self.status,
            "RetentionPeriodHours": 24,
            "StreamCreationTimestamp": 1_767_322_985,
            "EnhancedMonitoring": [],
            "OpenShardCount": 2,
        }})
    }

    fn put(&mut self, body: &Value) -> io::Result<(u16, Value)> {
        self.seen.calls += 1;
        if let Some(code) = self.refusal {
            return Ok(error(code, "as the test wants it"));
        }
        let (throttled, lost) = (
            self.happens(self.faults.throttle),
            self.happens(self.faults.lost),
        );
        if throttled {
            self.seen.throttled_calls += 1;
            return Ok(error(BUSY, "Rate exceeded for stream clicks"));
        }
        let records = body["Records"].as_array().unwrap();
        let mut bytes = 0;
        let mut failed = 0;
        let mut results = Vec::new();
        for record in records {
            let key = record["PartitionKey"].as_str().unwrap().to_owned();
            let data = STANDARD.decode(record["Data"].as_str().unwrap()).unwrap();
            bytes += key.len() + data.len();
            if key.is_empty() || key.chars().count() > 256 || key.len() + data.len() > 1 << 20 {
                self.seen
                    .broken
                    .push(format!("a record of {} bytes", data.len()));
            }
            if self.happens(self.faults.fail) {
                failed += 1;
                results.push(json!({"ErrorCode": BUSY, "ErrorMessage": "Rate exceeded for shard"}));
                continue;
            }
            let data = String::from_utf8(data).unwrap();
            if self.poison.is_some_and(|words| data.contains(words)) {
                failed += 1;
                results.push(json!({"ErrorCode": "InternalFailure", "ErrorMessage": "Internal service failure."}));
                continue;
            }
            let sequence = self.seen.taken.len().to_string();
            results.push(json!({"SequenceNumber": sequence, "ShardId": "shardId-000000000000"}));
            self.seen.taken.push(Taken { key, data });
        }
        self.seen.failed_records += failed;
        if records.is_empty() || records.len() > 500 || bytes > 5 << 20 {
            let words = format!("a call of {} records, {bytes} bytes", records.len());
            self.seen.broken.push(words);
        }
        if lost {
            self.seen.lost_answers += 1;
            return Err(io::Error::other("lost"));
        }
        Ok((
            200,
            json!({"FailedRecordCount": failed, "Records": results}),
        ))
    }
}
