//! The routes that take events are met before the router: nobody can tell by an answer.

use clickstream_relay::http::{self, Answers};
use clickstream_relay::intake::dialect;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::house::House;

/// All that one connection is answered, line by line in no order, but for the time.
async fn answered(router: impl Answers + Sync, request: &str) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(http::serve(
        listener,
        router,
        http::Config::default(),
        async {
            let _ = stopped.await;
        },
    ));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    drop(stop);
    serving.await.unwrap();
    let lines = answer.lines().filter(|line| !line.starts_with("date: "));
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}

fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

#[tokio::test]
async fn every_answer_is_the_routers() {
    let house = House::new().await;
    let batch = r#"{"batch":[{"type":"track","event":"E"},{"type":"zzz"}]}"#;
    let one = r#"{"event":"E","anonymousId":"a"}"#;
    let key = "x-write-key: browser-key\r\n";
    let from = "x-write-key: browser-key\r\norigin: https://shop.example\r\n";
    let mut requests = vec![
        request("GET", "/v1/batch", from, ""),
        request("OPTIONS", "/v1/batch", "origin: https://a.example\r\n", ""),
        request("POST", "/v1/batch/", from, batch),
        request("POST", "//v1/batch", key, batch),
        request("POST", "/v1/batch?writeKey=browser-key", "", batch),
        request("POST", "/v1/nowhere", from, batch),
        request("POST", "/v1/batch", "", batch),
        request("POST", "/v1/batch", key, "{"),
        request("POST", "/v1/batch", key, ""),
        request("POST", "/v1/batch", "x-write-key: nobody\r\n", batch),
        request(
            "POST",
            "/v1/batch",
            "x-write-key: browser-key\r\ncontent-encoding: zip\r\n",
            batch,
        ),
    ];
    for (path, form) in dialect::routes() {
        let body = match form {
            dialect::Form::Batch => batch,
            dialect::Form::Single(_) => one,
        };
        requests.push(request("POST", path, from, body));
    }
    let mut taken = 0;
    for request in requests {
        let router = house.relay.router();
        let hot = house.relay.in_front_of(router.clone());
        let (plain, hot) = (
            answered(router, &request).await,
            answered(hot, &request).await,
        );
        assert_eq!(plain, hot, "{request}");
        taken += usize::from(hot.iter().any(|line| line.starts_with("HTTP/1.1 200")));
    }
    assert!(taken > 15, "{taken}");
}
