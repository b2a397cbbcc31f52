//! A real S3 on this machine, moto's server, and a front before it that refuses on purpose.

use firehose_local::deliver::Buckets;
use firehose_local::deliver::s3::S3;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

/// The server; it ends with this.
pub struct Moto {
    child: Child,
    address: String,
}

/// moto wants a request to be signed, and looks at no signature.
const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 \
    Credential=any/20260102/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n";

/// What S3 answers.
pub struct Answer {
    pub status: u16,
    /// In small letters.
    pub head: String,
    pub body: Vec<u8>,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Moto {
    pub async fn start() -> Self {
        tokio::task::spawn_blocking(Self::spawn).await.unwrap()
    }

    fn spawn() -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_firehose-local"));
        let target = program.ancestors().nth(2).unwrap();
        let server = target.join("emulators/bin/moto_server");
        assert!(
            server.exists(),
            "{} is missing: `cargo xtask test` puts it there",
            server.display()
        );
        let mut child = Command::new(server)
            .args(["--host", "127.0.0.1", "--port", "0"])
            // It says its port on its first lines, and those at once.
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("moto says where it listens").unwrap();
            if let Some((_, after)) = line.split_once("http://") {
                break after.trim().to_owned();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks S3: `GET`, `/bucket?list-type=2`.
    pub async fn ask(&self, method: &str, path: &str) -> Answer {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{SIGNED}Connection: close\r\nContent-Length: 0\r\n\r\n",
            self.address
        );
        let mut socket = TcpStream::connect(&self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.unwrap();
        let end = answer
            .windows(4)
            .position(|bytes| bytes == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_lowercase(),
            body: answer[end + 4..].to_vec(),
        }
    }

    pub async fn make(&self, bucket: &str) {
        let answer = self.ask("PUT", &format!("/{bucket}")).await;
        assert_eq!(answer.status, 200);
    }

    /// A bucket's keys as URLs have them, in their order.
    pub async fn keys(&self, bucket: &str) -> Vec<String> {
        let list = format!("/{bucket}?list-type=2&encoding-type=url");
        let answer = self.ask("GET", &list).await;
        let text = String::from_utf8(answer.body).unwrap();
        let keys = text.split("<Key>").skip(1);
        keys.map(|rest| rest.split_once("</Key>").unwrap().0.to_owned())
            .collect()
    }

    /// An object by the key that [`Self::keys`] gave.
    pub async fn object(&self, bucket: &str, key: &str) -> Answer {
        let answer = self.ask("GET", &format!("/{bucket}/{key}")).await;
        assert_eq!(answer.status, 200, "{key}");
        answer
    }

    /// Waits, at most a minute, until there is a key with this in it.
    pub async fn key_with(&self, bucket: &str, part: &str) -> String {
        let begun = Instant::now();
        loop {
            let keys = self.keys(bucket).await;
            if let Some(key) = keys.into_iter().find(|key| key.contains(part)) {
                return key;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "no {part} came");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Buckets in the S3 at this URL.
pub fn buckets(url: &str) -> Buckets {
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let variables = keys.map(|name| (name.to_owned(), "any".to_owned()));
    Buckets::S3(S3::new(variables, Some(url), Handle::current()).unwrap())
}

/// What a front does with a request.
pub enum Fate {
    Passed,
    /// S3's status and code in place of an answer.
    Refused(u16, &'static str),
    /// Passed on when so many requests have come in all.
    Held(usize),
    /// Done, and nobody hears of it.
    Lost,
}

/// Decides by a request's first line, and how many came before it.
pub type Rule = fn(&str, usize) -> Fate;

/// Listens before S3, and gives its own URL and how many requests came.
pub async fn front(moto: &Moto, rule: Rule) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (behind, count) = (moto.address.clone(), Arc::new(AtomicUsize::new(0)));
    let requests = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (behind, requests) = (behind.clone(), Arc::clone(&requests));
            tokio::spawn(one_request(socket, behind, rule, requests));
        }
    });
    (url, count)
}

async fn one_request(
    mut socket: TcpStream,
    behind: String,
    rule: Rule,
    requests: Arc<AtomicUsize>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let head = loop {
        if socket.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break String::from_utf8_lossy(&request[..end + 4]).to_lowercase();
        }
    };
    let length = head
        .split_once("content-length: ")
        .map_or(0, |(_, rest)| rest.lines().next().unwrap().parse().unwrap());
    let mut body = request.split_off(head.len());
    while body.len() < length && socket.read_buf(&mut body).await? > 0 {}
    let first = String::from_utf8_lossy(&request)
        .lines()
        .next()
        .unwrap()
        .to_owned();
    let before = requests.fetch_add(1, Ordering::Relaxed);
    let fate = rule(&first, before);
    if let Fate::Held(most) = fate {
        while requests.load(Ordering::Relaxed) < most {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    if let Fate::Refused(status, code) = fate {
        let xml = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        let answer = format!(
            "HTTP/1.1 {status} No\r\nContent-Type: application/xml\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{xml}",
            xml.len()
        );
        return socket.write_all(answer.as_bytes()).await;
    }
    let mut server = TcpStream::connect(behind).await?;
    request.truncate(request.len() - 2);
    request.extend_from_slice(b"connection: close\r\n\r\n");
    server.write_all(&request).await?;
    server.write_all(&body).await?;
    if let Fate::Lost = fate {
        // The connection ends behind S3's answer, and with this ours to who asked.
        return server.read_to_end(&mut Vec::new()).await.map(drop);
    }
    tokio::io::copy(&mut server, &mut socket).await?;
    Ok(())
}
