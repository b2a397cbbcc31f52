//! `serve --terraform`: the stream of Terraform's files, where Terraform has not been.

use crate::running::files;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn serve(dir: &Path, from: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firehose-local"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--dir"])
        .arg(dir)
        .arg("--terraform")
        .arg(from)
        .args(more)
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// What a program that does not start says, and its exit status.
fn refused(from: &Path, more: &[&str]) -> (Option<i32>, String) {
    let dir = TempDir::new().unwrap();
    let output = serve(dir.path(), from, more).output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// A started program, its address, and what it said before.
fn started(mut command: Command) -> (Child, String, String) {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let address = line.split_once("listening on http://");
        let address = address.map(|(_, address)| address.trim().to_owned());
        said.push_str(&line);
        address
    });
    let Some(address) = address else {
        child.wait().unwrap();
        panic!("it did not start: {said}");
    };
    std::thread::spawn(move || lines.for_each(drop));
    (child, address, said)
}

fn call(address: &str, operation: &str, body: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    write!(
        socket,
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: Firehose_20150804.{operation}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

#[cfg(unix)]
#[test]
fn the_origins_own_files_run() {
    let dir = TempDir::new().unwrap();
    let (mut child, address, said) = started(serve(dir.path(), &here("tests/origin"), &[]));
    assert!(
        said.contains("the files; Terraform has applied nothing there"),
        "{said}"
    );
    // Two of the origin's events in one record, without a newline, then one without a user.
    let both = "eyJ1c2VyX2lkIjo5MH17InVzZXJfaWQiOjQ1fQ==";
    let nobody = "eyJldmVudCI6ImxpZ25lZCJ9";
    for data in [both, nobody] {
        let body =
            format!(r#"{{"DeliveryStreamName":"clickstream","Record":{{"Data":"{data}"}}}}"#);
        call(&address, "PutRecord", &body);
    }
    let stopped = Command::new("kill").arg(child.id().to_string()).status();
    assert!(stopped.unwrap().success());
    assert!(child.wait().unwrap().success());
    let objects = files(&dir.path().join("000000000000-datalake-raw"));
    let of = |prefix: &str| {
        let mut objects = objects.iter().filter(|(key, _)| key.starts_with(prefix));
        let found = objects
            .next()
            .unwrap_or_else(|| panic!("nothing under {prefix}"));
        assert!(objects.next().is_none(), "one under {prefix}");
        found.1.clone()
    };
    assert_eq!(of("clickstream/userId=90/year="), "{\"user_id\":90}\n");
    assert_eq!(of("clickstream/userId=45/year="), "{\"user_id\":45}\n");
    let error = of("clickstream-errors/metadata-extraction-failed/");
    assert!(
        error.contains("partitionKeys values must not be null or empty"),
        "{error}"
    );
    assert_eq!(objects.len(), 3);
    let log = dir
        .path()
        .join("log/aws/kinesisfirehose/clickstream/ClickStreamLogStream.jsonl");
    assert!(
        fs_err::read_to_string(log)
            .unwrap()
            .contains("null or empty")
    );
}

#[test]
fn the_projects_files_run_with_a_value_of_ones_own() {
    let dir = TempDir::new().unwrap();
    let from = here("../infrastructure");
    // Its copy, so that whatever Terraform has left beside the files plays no part.
    let copy = TempDir::new().unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tf") {
            fs_err::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let more = ["--var", "partition_by=bucket", "--var", "stream_name=mine"];
    let (mut child, address, _) = started(serve(dir.path(), copy.path(), &more));
    let described = call(
        &address,
        "DescribeDeliveryStream",
        r#"{"DeliveryStreamName":"mine"}"#,
    );
    child.kill().unwrap();
    child.wait().unwrap();
    for words in [
        "clickstream/userBucket=!{partitionKeyFromQuery:userBucket}/year=!{timestamp:yyyy}/",
        "arn:aws:s3:::000000000000-datalake-raw",
        r#""SizeInMBs":64"#,
        r#""IntervalInSeconds":60"#,
    ] {
        assert!(described.contains(words), "{words}: {described}");
    }
}

#[test]
fn what_makes_no_stream_is_named() {
    let folder = TempDir::new().unwrap();
    let (status, text) = refused(folder.path(), &[]);
    assert_eq!(status, Some(64), "{text}");
    assert!(
        text.contains("there is no aws_kinesis_firehose_delivery_stream in"),
        "{text}"
    );

    let file = folder.path().join("main.tf");
    let origin = fs_err::read_to_string(here("tests/origin/kinesis.tf")).unwrap();
    let origin = origin.replace(
        "aws_cloudwatch_log_group.clickstream_firehose.name",
        "\"g\"",
    );
    let origin = origin.replace(
        "aws_cloudwatch_log_stream.clickstream_firehose.name",
        "\"s\"",
    );
    let bucket = "aws_s3_bucket.datalake_raw.arn";
    for (from, to, words) in [
        (
            bucket,
            bucket,
            "aws_s3_bucket.datalake_raw is not known here: there is no such resource",
        ),
        (
            bucket,
            "\"arn:aws:s3:::b\"\n  s3_backup_mode = \"Enabled\"",
            "extended_s3_configuration.s3_backup_mode is not built in firehose-local",
        ),
        (
            bucket,
            "\"arn:aws:s3:::b\"\n  buffering_size = 5",
            "BufferingHints.SizeInMBs must be at least 64",
        ),
    ] {
        fs_err::write(&file, origin.replace(from, to)).unwrap();
        let (status, text) = refused(folder.path(), &[]);
        assert_eq!(status, Some(64), "{text}");
        assert!(text.contains(words), "{text}");
    }
    fs_err::write(folder.path().join("more.tf.json"), "{}").unwrap();
    let (status, text) = refused(folder.path(), &[]);
    assert_eq!(status, Some(64), "{text}");
    assert!(text.contains("more.tf.json is not read here"), "{text}");

    let nowhere = folder.path().join("nowhere");
    let (status, text) = refused(&nowhere, &["--var", "a"]);
    assert_eq!(status, Some(64), "{text}");
    assert!(
        text.contains("give NAME=VALUE, such as partition_by=bucket"),
        "{text}"
    );
    let (status, text) = refused(&nowhere, &[]);
    assert_eq!(status, Some(64), "{text}");
    assert!(
        text.contains("nowhere") && text.contains("No such file"),
        "{text}"
    );
}
