//! The API of firehose-local and of moto's server, at the same requests.

use std::path::Path;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clickstream_lab::firehose::Firehose;
use clickstream_lab::http;
use clickstream_lab::moto::Moto;
use clickstream_lab::program::Program;
use serde_json::json;

use super::case::Figures;
use crate::process;

/// The version that `tests/requirements-emulators.txt` asks for.
pub const MOTO: &str = "moto's server 5.2.5";

/// Records a call: the most that AWS takes.
pub const RECORDS: usize = 500;

/// One call's body, and the bytes of its records.
#[derive(Debug)]
pub struct Request {
    body: Vec<u8>,
    data: usize,
}

/// The lines as calls of PutRecordBatch.
///
/// # Errors
/// Where they cannot be read.
pub fn requests(lines: &Path) -> anyhow::Result<Vec<Request>> {
    let text = fs_err::read_to_string(lines)?;
    let lines: Vec<&str> = text.lines().collect();
    let calls = lines.chunks_exact(RECORDS).map(|lines| {
        let records: Vec<_> = lines
            .iter()
            .map(|line| json!({"Data": STANDARD.encode(line)}))
            .collect();
        let call = json!({"DeliveryStreamName": "clickstream", "Records": records});
        Ok(Request {
            body: serde_json::to_vec(&call)?,
            data: lines.iter().map(|line| line.len()).sum(),
        })
    });
    calls.collect()
}

/// Sends all calls to one of the two, started for it.
///
/// # Errors
/// Where it does not come up, or answers anything but 200 and no failure.
pub fn measure(ours: bool, requests: &[Request], folder: &Path) -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir_in(folder)?;
    let (program, url) = if ours {
        let firehose = Firehose::start(folder.path(), &[])?;
        (firehose.program, firehose.url)
    } else {
        moto()?
    };
    let id = program.id();
    let (cpu_seconds, started) = (process::cpu_seconds(id)?, Instant::now());
    for request in requests {
        let answer = call(&url, "PutRecordBatch", &request.body)?;
        let failed = answer.json()["FailedPutCount"].as_u64();
        anyhow::ensure!(
            answer.status == 200 && failed == Some(0),
            "{} {}",
            answer.status,
            answer.body
        );
    }
    let bytes: usize = requests.iter().map(|request| request.data).sum();
    Ok(Figures {
        megabytes: bytes as f64 / 1e6,
        cpu_seconds: process::cpu_seconds(id)? - cpu_seconds,
        seconds: started.elapsed().as_secs_f64(),
        memory_mb: process::peak_mb(id)?,
        objects: 0.0,
    })
}

/// moto's server with a bucket and a stream.
fn moto() -> anyhow::Result<(Program, String)> {
    let Moto { program, url } = Moto::start()?;
    let bucket = http::put(&format!("{url}/raw"), &[("authorization", &signed("s3"))])?;
    anyhow::ensure!(bucket.status == 200, "no bucket: {}", bucket.body);
    let stream = json!({
        "DeliveryStreamName": "clickstream",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::000000000000:role/firehose",
            "BucketARN": "arn:aws:s3:::raw",
            "Prefix": "clickstream/userId=!{partitionKeyFromQuery:userId}/",
        },
    });
    let created = call(&url, "CreateDeliveryStream", &serde_json::to_vec(&stream)?)?;
    anyhow::ensure!(created.status == 200, "no stream: {}", created.body);
    Ok((program, url))
}

fn call(url: &str, operation: &str, body: &[u8]) -> anyhow::Result<http::Answer> {
    let target = format!("Firehose_20150804.{operation}");
    // moto reads its input by it.
    http::post_as(
        "application/x-amz-json-1.1",
        url,
        &[
            ("x-amz-target", &target),
            ("authorization", &signed("firehose")),
        ],
        body,
    )
}

/// What names the service; neither server looks at the signature.
fn signed(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=any/20260102/us-east-1/{service}/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}
