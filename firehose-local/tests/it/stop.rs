//! A stop while something does not answer to the end: it has a bound, and says what became of what was
//! answered.

use crate::running::{client_at, files, record};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{ChildStderr, Command, ExitStatus, Stdio};
use tempfile::TempDir;

/// The program.
struct Program {
    child: std::process::Child,
    said: BufReader<ChildStderr>,
    address: String,
}

/// Starts it by a line of a shell.
fn start(shell: &str, dir: &Path, more: &[&str]) -> Program {
    let mut child = Command::new("sh")
        .args(["-c", shell, env!("CARGO_BIN_EXE_firehose-local")])
        .args(["serve", "--listen", "127.0.0.1:0", "--dir"])
        .arg(dir)
        .args(more)
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address = line.split_once("http://").unwrap().1.trim().to_owned();
    Program {
        child,
        said,
        address,
    }
}

impl Program {
    async fn put(&self, data: &str) {
        let client = client_at(&self.address, "us-east-1");
        let put = client.put_record().delivery_stream_name("clickstream");
        put.record(record(data)).send().await.unwrap();
    }

    /// Sends SIGTERM, and gives how it ended and the last line that it said.
    async fn stop(mut self) -> (ExitStatus, String) {
        let ended = tokio::task::spawn_blocking(move || {
            let stopped = Command::new("kill")
                .arg(self.child.id().to_string())
                .status();
            assert!(stopped.unwrap().success());
            let mut said = String::new();
            self.said.read_to_string(&mut said).unwrap();
            (self.child.wait().unwrap(), said)
        });
        let (status, said) = ended.await.unwrap();
        (status, said.lines().last().unwrap_or_default().to_owned())
    }
}

const PLAIN: &str = "exec \"$0\" \"$@\"";

#[tokio::test]
async fn a_stop_does_not_wait_for_ever_for_a_call_whose_body_does_not_come() {
    let dir = TempDir::new().unwrap();
    let program = start(PLAIN, dir.path(), &["--grace", "0.1"]);
    program.put(r#"{"userId":45}"#).await;
    let mut late = TcpStream::connect(&program.address).unwrap();
    write!(
        late,
        "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Firehose_20150804.PutRecord\r\nContent-Length: 100\r\n\r\n{{"
    )
    .unwrap();
    // Another answer has come on the same loop: this one's head has been read, too.
    program.put(r#"{"userId":46}"#).await;
    let (status, said) = program.stop().await;
    assert!(status.success(), "{said}");
    assert!(said.contains("everything taken is delivered"), "{said}");
    assert_eq!(files(&dir.path().join("raw")).len(), 2);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_refuses_to_the_end_loses_a_number_of_records_that_is_said() {
    let dir = TempDir::new().unwrap();
    let full = "trap '' XFSZ; ulimit -S -f 0; exec \"$0\" \"$@\"";
    let program = start(full, dir.path(), &["--grace", "0.1"]);
    for user in 0..3 {
        program.put(&format!(r#"{{"userId":{user}}}"#)).await;
    }
    let (status, said) = program.stop().await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert_eq!(
        said,
        "error: stopped with 3 records that their buckets have refused to the end: they are lost"
    );
}

#[cfg(feature = "s3")]
mod towards_s3 {
    use super::{PLAIN, files, start};
    use crate::moto::Moto;
    use std::net::TcpListener;
    use std::path::Path;
    use tempfile::TempDir;

    /// Stops a program that was given three records, of which one has no user, and whose S3 has not
    /// taken them; all that was answered is in its folder.
    async fn stop(program: super::Program, dir: &Path) {
        let (status, said) = program.stop().await;
        assert_eq!(status.code(), Some(1), "{said}");
        let kept = dir.join("undelivered");
        let begins = format!(
            "error: stopped with 3 records that S3 has not taken: they are in {}, ",
            kept.display()
        );
        assert!(said.starts_with(&begins), "{said}");
        let objects = files(&kept.join("raw"));
        let mut objects = objects.iter();
        let mut next = |prefix: &str, data: &str| {
            let (path, bytes) = objects.next().unwrap();
            assert!(path.starts_with(prefix), "{path}");
            assert!(bytes.contains(data), "{bytes}");
        };
        next("clickstream-errors/", "eyJuIjozfQ==");
        next("clickstream/userId=45/year=", "{\"userId\":45}\n");
        next("clickstream/userId=a%2Fb/year=", "{\"userId\":\"a/b\"}\n");
        let listing = fs_err::read_to_string(kept.join("raw/.keys")).unwrap();
        assert!(
            listing.starts_with("{\"key\":\"clickstream/userId=a/b/"),
            "{listing}"
        );
    }

    const RECORDS: [&str; 3] = [r#"{"userId":45}"#, r#"{"userId":"a/b"}"#, r#"{"n":3}"#];

    #[tokio::test]
    async fn what_an_s3_that_is_away_has_not_taken_is_kept_in_the_folder() {
        let moto = Moto::start().await;
        moto.make("raw").await;
        let dir = TempDir::new().unwrap();
        let url = moto.url();
        let program = start(PLAIN, dir.path(), &["--grace", "0.1", "--s3", &url]);
        for data in RECORDS {
            program.put(data).await;
        }
        drop(moto);
        stop(program, dir.path()).await;
    }

    /// It takes connections, and never answers: an upload is given up, too.
    #[tokio::test]
    async fn what_an_s3_that_never_answers_has_not_taken_is_kept_in_the_folder() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let dir = TempDir::new().unwrap();
        let program = start(PLAIN, dir.path(), &["--grace", "0.1", "--s3", &url]);
        for data in RECORDS {
            program.put(data).await;
        }
        stop(program, dir.path()).await;
    }
}
