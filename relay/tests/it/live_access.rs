//! Who may see the live view, and what its page may do.

use http::Request;

use crate::house::{Answer, House};

async fn ask(house: &House, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(axum::body::Body::empty()).unwrap();
    let response = house.open(request).await;
    if response.headers()["content-type"] == "text/event-stream" {
        // It would never end.
        return Answer {
            status: response.status(),
            headers: response.headers().clone(),
            text: String::new(),
        };
    }
    Answer::of(response).await
}

/// A page that has our address under its own name reads nothing, not even with the token.
#[tokio::test]
async fn dns_rebinding_on_the_live_view_reads_nothing() {
    let house = House::new().await;
    let token = house.relay.token().to_owned();
    let bearer = format!("Bearer {token}");
    for host in [
        "rebound.example",
        "rebound.example:8081",
        "127.0.0.1.rebound.example",
    ] {
        for path in ["/live", "/live/events", "/live/live.js"] {
            let with_token = format!("{path}?token={token}");
            for path in [path, &*with_token] {
                let headers = [("host", host), ("authorization", &*bearer)];
                let answer = ask(&house, path, &headers).await;
                assert_eq!(
                    answer.error(),
                    (403, "foreign_host".to_owned()),
                    "{host}{path}"
                );
                assert_eq!(answer.header("set-cookie"), "");
            }
        }
    }
    house.lines().await;
}

#[tokio::test]
async fn the_links_token_becomes_a_cookie_and_leaves_the_address() {
    let house = House::new().await;
    let token = house.relay.token().to_owned();
    let link = format!("/live?token={token}");
    let host = ("host", "localhost:8081");
    let answer = ask(&house, &link, &[host]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/live")
    );
    let cookie = answer.header("set-cookie").to_owned();
    assert!(!cookie.contains(&token), "{cookie}");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/live"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let pair = cookie.split(';').next().unwrap();
    // From a link in a chat, a redirect would leave a strict cookie behind.
    let cross = ask(&house, &link, &[host, ("sec-fetch-site", "cross-site")]).await;
    assert_eq!(
        (cross.status.as_u16(), cross.header("refresh")),
        (200, "0; url=/live")
    );
    for (path, headers, status) in [
        ("/live", vec![host], 401),
        ("/live?token=wrong", vec![host], 401),
        ("/live", vec![host, ("cookie", pair)], 200),
        ("/live/events", vec![host], 401),
        ("/live/events?token=wrong", vec![host], 401),
        ("/live/events", vec![host, ("cookie", pair)], 200),
        // A page of another port has our cookie, too: it is no proof there.
        (
            "/live/events",
            vec![host, ("cookie", pair), ("sec-fetch-site", "same-site")],
            401,
        ),
        ("/metrics", vec![host, ("cookie", pair)], 401),
    ] {
        let answer = ask(&house, path, &headers).await;
        assert_eq!(answer.status, status, "{path} {headers:?}");
        // Nobody else's page may read it.
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    // The key to the page, in words.
    let locked = ask(&house, "/live", &[host]).await;
    assert!(locked.text.contains("/live?token="), "{}", locked.text);
    house.lines().await;
}

#[tokio::test]
async fn the_page_runs_its_own_parts_and_nothing_else() {
    let house = House::new().await;
    let bearer = format!("Bearer {}", house.relay.token());
    let headers = [("host", "localhost"), ("authorization", &*bearer)];
    let page = ask(&house, "/live", &headers).await;
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    // Nothing inline, and every part it names is there.
    for word in [
        "<style",
        "style=",
        "onclick",
        "onload",
        "javascript:",
        "http://",
        "https://",
    ] {
        assert!(!page.text.contains(word), "{word}");
    }
    assert_eq!(
        page.text.matches("<script").count(),
        page.text.matches("<script type=\"module\" src=").count()
    );
    let mut parts = 0;
    for attribute in ["src=\"", "href=\""] {
        for rest in page.text.split(attribute).skip(1) {
            let path = rest.split('"').next().unwrap();
            if path.starts_with("/live/") {
                let part = ask(&house, path, &headers[..1]).await;
                assert_eq!(part.status, 200, "{path}");
                assert_eq!(part.header("x-content-type-options"), "nosniff");
                parts += 1;
            }
        }
    }
    assert!(parts >= 3, "{parts}");
    house.lines().await;
}
