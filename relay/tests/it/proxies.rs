//! Behind reverse proxies, over real sockets: the visitor's address, and who may name it.

use clickstream_relay::intake::address::KeptAddress;
use clickstream_relay::intake::proxy::{Proxies, ProxyHeader};
use tokio::io::AsyncWriteExt as _;

use crate::connections::{connect, one, serve};
use crate::house::{House, event};

/// The address of an event that came with these header lines.
async fn address(trusted: &[&str], header: ProxyHeader, lines: &str) -> serde_json::Value {
    let house = House::with(|config| {
        config.intake.address = KeptAddress::Full;
        config.intake.proxies = Proxies {
            trusted: trusted.iter().map(|text| text.parse().unwrap()).collect(),
            header,
        };
    })
    .await;
    let served = serve(&house, |_| {}).await;
    let body = event("");
    let request = format!(
        "POST /v1/batch HTTP/1.1\r\nhost: x\r\nx-write-key: browser-key\r\n{lines}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = connect(&served).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(one(&mut stream).await.contains(r#""accepted":1"#));
    drop(stream);
    served.end().await;
    house.lines().await[0]["relay"]["ip"].clone()
}

#[tokio::test]
async fn a_visitor_names_its_own_address_to_nobody() {
    let x = "X-Forwarded-For: 198.51.100.7\r\nx-forwarded-for: 203.0.113.1, 10.0.0.2\r\n";
    let both = format!("{x}Forwarded: for=\"[2001:db8::1]:4711\";proto=https\r\n");
    let trusted = ["127.0.0.0/8", "10.0.0.0/8"];
    for (trusted, header, found) in [
        (&[][..], ProxyHeader::XForwardedFor, "127.0.0.1"),
        (&["10.0.0.0/8"][..], ProxyHeader::XForwardedFor, "127.0.0.1"),
        (&trusted[..], ProxyHeader::XForwardedFor, "203.0.113.1"),
        (&trusted[..], ProxyHeader::Forwarded, "2001:db8::1"),
    ] {
        assert_eq!(
            address(trusted, header, &both).await,
            found,
            "{trusted:?} {header:?}"
        );
    }
}

#[tokio::test]
async fn a_rate_by_address_counts_the_visitor_and_not_the_proxy() {
    let house = House::with(|config| {
        config.intake.rate_per_address = Some(1);
        config.intake.proxies.trusted = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let served = serve(&house, |_| {}).await;
    let mut stream = connect(&served).await;
    let mut answers = Vec::new();
    let mut send = async |visitor: &str| {
        let body = event("");
        let request = format!(
            "POST /v1/batch HTTP/1.1\r\nhost: x\r\nx-write-key: browser-key\r\nx-forwarded-for: 8.8.8.8, {visitor}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        one(&mut stream).await.split(' ').nth(1).unwrap().to_owned()
    };
    for _ in 0..20 {
        answers.push(send("203.0.113.1").await);
    }
    assert!(answers.contains(&"429".to_owned()), "{answers:?}");
    assert_eq!(send("203.0.113.2").await, "200");
}
