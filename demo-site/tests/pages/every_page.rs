//! What holds on every page.

use axum::http::StatusCode;

use crate::visit::{TestShop, Visitor};

/// Every kind of page, as somebody sees it who has books in the basket and an order.
async fn everywhere(visitor: &mut Visitor) -> Vec<String> {
    visitor.post("/sign-in", &[("reader", "7")]).await;
    visitor.post("/basket/add", &[("book", "bk-1")]).await;
    crate::buying::address(visitor).await;
    let paid = visitor
        .post("/checkout/payment", &crate::buying::CARD)
        .await;
    visitor.post("/basket/add", &[("book", "bk-2")]).await;
    crate::buying::address(visitor).await;
    let mut paths = vec![paid.location().to_owned()];
    paths.extend(
        [
            "/",
            "/departments/stories",
            "/departments/thread",
            "/search",
            "/search?q=bees",
            "/search?q=zzzz",
            "/books/bk-7",
            "/books/bk-15",
            "/books/bk-15/reviews",
            "/books/bk-7/reviews",
            "/basket",
            "/checkout",
            "/checkout/payment",
            "/orders",
            "/wishlist",
            "/sign-in",
            "/in-the-lake",
        ]
        .map(str::to_owned),
    );
    paths
}

#[tokio::test]
async fn every_page_has_one_main_one_heading_and_the_tracker() {
    let lake = tempfile::tempdir().unwrap();
    let shop = TestShop::with_lake(Some(lake.path()));
    let mut visitor = shop.visitor();
    for path in everywhere(&mut visitor).await {
        let page = visitor.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.count("<main "), 1, "{path}");
        assert_eq!(page.count("<h1"), 1, "{path}");
        assert_eq!(page.count("<title>"), 1, "{path}");
        assert_eq!(page.count(r#"<html lang="en-GB">"#), 1, "{path}");
        assert_eq!(
            page.count(r##"<a class="skip" href="#main">"##),
            1,
            "{path}"
        );
        let tag = r#"<script async src="/clickstream.js" data-write-key="demo-browser-key" data-debug data-capture="pages clicks links" data-user-id="7">"#;
        assert_eq!(page.count(tag), 1, "{path}");
        // The drawer tells of events and makes none.
        assert_eq!(
            page.count(r#"<aside class="drawer" id="drawer" data-clickstream-ignore"#),
            1
        );
    }
}

#[tokio::test]
async fn headings_come_in_order() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    for path in everywhere(&mut visitor).await {
        let page = visitor.get(&path).await;
        let (_, main) = page.body.split_once("<main ").unwrap();
        let (main, _) = main.split_once("</main>").unwrap();
        let levels: Vec<u32> = main
            .match_indices("<h")
            .filter_map(|(at, _)| main.get(at + 2..at + 3)?.parse().ok())
            .collect();
        assert_eq!(levels.first(), Some(&1), "{path}");
        let jump = levels.windows(2).find(|pair| pair[1] > pair[0] + 1);
        assert_eq!(jump, None, "{path}: {levels:?}");
    }
}

#[tokio::test]
async fn every_field_has_a_label() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    for path in everywhere(&mut visitor).await {
        let page = visitor.get(&path).await;
        for (at, _) in page
            .body
            .match_indices("<input ")
            .chain(page.body.match_indices("<textarea "))
        {
            let tag = page.body[at..].split('>').next().unwrap();
            if tag.contains(r#"type="hidden""#) || tag.contains(r#"type="radio""#) {
                continue; // Radio buttons stand inside their labels.
            }
            let id = tag
                .split(r#"id=""#)
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            let id = id.unwrap_or_else(|| panic!("{path}: no id on {tag}"));
            assert_eq!(page.count(&format!(r#"for="{id}""#)), 1, "{path}: {tag}");
        }
    }
}

#[tokio::test]
async fn nothing_inline_is_needed_and_nothing_comes_from_elsewhere() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    for path in everywhere(&mut visitor).await {
        let page = visitor.get(&path).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'self'"), "{policy}");
        assert!(
            policy.contains("script-src 'self' 'wasm-unsafe-eval'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert_eq!(page.headers["cache-control"], "private, no-cache");
        assert_eq!(page.count(" style=\""), 0, "{path}");
        assert_eq!(page.count(" onclick="), 0, "{path}");
        assert_eq!(page.count("http://") + page.count("https://"), 0, "{path}");
        let scripts = page.count("<script");
        let from_here = page.count("<script src=\"/static/")
            + page.count("<script defer src=\"/static/")
            + page.count("<script async src=\"/clickstream.js\"")
            + page.count("<script type=\"application/json\"");
        assert_eq!(scripts, from_here, "{path}");
    }
}

#[tokio::test]
async fn what_is_nowhere_says_so_and_leads_back() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    for path in [
        "/nowhere",
        "/books/bk-0",
        "/books/bk-999",
        "/books/bk-01",
        "/books/../books/bk-1",
        "/departments/none",
        "/orders/o-1001",
        "/orders/1",
        "/static/../Cargo.toml",
        "/static/nothing.css",
    ] {
        let page = visitor.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(page.count("<main"), 1, "{path}");
        assert_eq!(page.count(r#"href="/""#), 1, "{path}");
        assert!(
            page.headers.contains_key("content-security-policy"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn style_and_scripts_are_served_with_type_and_tag() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    for (path, kind) in [
        ("/static/shop.css", "text/css; charset=utf-8"),
        ("/static/say.js", "text/javascript; charset=utf-8"),
        ("/static/drawer.js", "text/javascript; charset=utf-8"),
        ("/static/shop.js", "text/javascript; charset=utf-8"),
        ("/static/heron.svg", "image/svg+xml"),
        ("/static/fonts/young-serif.woff2", "font/woff2"),
        ("/static/fonts/instrument-sans.woff2", "font/woff2"),
    ] {
        let file = visitor.get(path).await;
        assert_eq!(file.status, StatusCode::OK, "{path}");
        assert_eq!(file.headers["content-type"], kind);
        assert!(file.headers.contains_key("etag"), "{path}");
    }
}
