//! A visitor without a browser: keeps cookies, sends forms, looks at what comes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use clickstream_demo_site::catalogue::Catalogue;
use clickstream_demo_site::server;
use clickstream_demo_site::shop::{Opening, Shop};
use clickstream_demo_site::store::Store;
use clickstream_relay::clock::Clock;
use clickstream_relay::identity::token::Key;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use tower::ServiceExt;

/// 2026-11-24, about noon.
pub const NOW_MS: u64 = 1_795_521_600_000;

/// A clock that a test moves.
#[derive(Debug)]
pub struct Hands(pub AtomicU64);

impl Clock for Hands {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.now_ms())
    }
}

/// A shop of its own for each test.
pub struct TestShop {
    pub router: Router,
    pub clock: Arc<Hands>,
    pub key: Key,
}

impl TestShop {
    pub fn open() -> Self {
        Self::with_lake(None)
    }

    pub fn with_lake(lake: Option<&Path>) -> Self {
        Self::with(lake, false)
    }

    pub fn with(lake: Option<&Path>, https: bool) -> Self {
        let catalogue = Catalogue::load().unwrap();
        let clock = Arc::new(Hands(AtomicU64::new(NOW_MS)));
        let key = Key::new("test", &[7; 32]).unwrap();
        let opening = Opening {
            store: Store::in_memory(&catalogue).unwrap(),
            catalogue,
            clock: clock.clone(),
            key: key.clone(),
            write_key: "demo-browser-key".to_owned(),
            source: "bookstore".to_owned(),
            lake: lake.map(Path::to_owned),
            https,
        };
        let shop = Shop::open(opening, StdRng::seed_from_u64(1));
        let router = server::router(shop);
        Self { router, clock, key }
    }

    pub fn visitor(&self) -> Visitor {
        Visitor {
            router: self.router.clone(),
            cookies: BTreeMap::new(),
        }
    }
}

/// Somebody with cookies.
#[derive(Clone)]
pub struct Visitor {
    router: Router,
    pub cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Visitor {
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::builder().uri(path).body(Body::empty()).unwrap())
            .await
    }

    /// Sends a form and does not follow where it leads.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from(path, fields, &[("origin", "http://shop.test")])
            .await
    }

    pub async fn post_from(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, "shop.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(pairs.join("&"))).unwrap())
            .await
    }

    /// Sends a form and looks at the page that it leads to.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let there = answer.location().to_owned();
        self.get(&there).await
    }

    async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            let value = cookies.join("; ").parse().unwrap();
            request.headers_mut().insert(header::COOKIE, value);
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// How often a text stands in the page.
    pub fn count(&self, text: &str) -> usize {
        self.body.matches(text).count()
    }

    /// What the page tells the tracker: at every load, and once.
    pub fn sayings(&self) -> Value {
        let (_, after) = self.body.split_once(r#"id="sayings">"#).unwrap();
        let (json, _) = after.split_once("</script>").unwrap();
        serde_json::from_str(json).unwrap()
    }

    /// Names of the events told, first those of the load.
    pub fn said(&self) -> Vec<String> {
        let sayings = self.sayings();
        let load = sayings["load"].as_array().unwrap().iter();
        let once = sayings["once"].as_array().unwrap().iter();
        load.chain(once.map(|one| &one["call"]))
            .map(|call| call[1].as_str().unwrap().to_owned())
            .collect()
    }
}
