//! The tag under a site's policies: hashes, nonces, wasm refused; and a console that stays silent.

use std::path::Path;

use clickstream_lab::browser::Browser;
use clickstream_lab::program::root;
use clickstream_lab::site::Site;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tracker::told;

/// Keeps what is written into a page's console and what goes wrong on it, from its first moment.
const NOTICE: &str = "
  window.noticed = [];
  for (const name of ['log', 'debug', 'info', 'warn', 'error', 'trace', 'group', 'table'])
    console[name] = (...said) => noticed.push([name, ...said].join(' '));
  addEventListener('error', (event) => noticed.push('error ' + event.message));
  addEventListener('unhandledrejection', (event) => noticed.push('rejection ' + event.reason));";

/// A browser whose pages keep that in `noticed`.
pub async fn noticing() -> anyhow::Result<Browser> {
    let browser = Browser::start().await?;
    let source = json!({"source": NOTICE});
    browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", source)
        .await?;
    Ok(browser)
}

/// A site of one page, with the tag and whatever else stands in its head.
struct Single {
    folder: TempDir,
    site: Site,
}

impl Single {
    fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let site = Site::start(folder.path())?;
        Ok(Self { folder, site })
    }

    fn page(&self, name: &str, head: &str) -> anyhow::Result<String> {
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Single</title>{head}</head>\
             <body><main><button id=\"button\" type=\"button\">A button</button></main></body></html>"
        );
        fs_err::write(self.folder.path().join(format!("{name}.html")), html)?;
        Ok(format!("{}/{name}", self.site.url))
    }
}

/// The hash of a file as browsers reckon it, by a browser.
async fn hash(browser: &Browser, site: &Site, path: &str) -> anyhow::Result<String> {
    browser.goto(&format!("{}/empty", site.url)).await?;
    let hash = browser
        .run(&format!(
            "return (async () => {{
               const bytes = await (await fetch('{path}')).arrayBuffer();
               const digest = new Uint8Array(await crypto.subtle.digest('SHA-384', bytes));
               return 'sha384-' + btoa(String.fromCharCode(...digest));
             }})()"
        ))
        .await?;
    Ok(hash.as_str().unwrap_or_default().to_owned())
}

async fn works(browser: &Browser) -> anyhow::Result<Value> {
    browser
        .run(
            "document.querySelector('#button').onclick = () => { window.worked = true };
             document.querySelector('#button').click();
             clickstream.push(['track', 'X']);
             return window.worked",
        )
        .await
}

/// The page works as without the tracker, notices nothing, and nothing is sent.
async fn unnoticed(single: &Single, browser: Browser) -> anyhow::Result<()> {
    assert_eq!(works(&browser).await?, true);
    let noticed = browser.run("return noticed").await?;
    browser.close().await?;
    assert_eq!(noticed, json!([]));
    assert!(single.site.taken().is_empty());
    Ok(())
}

/// posthog-js#3850, rudder-sdk-js#1938.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_17_18_a_policy_of_nonces_and_hashes_needs_no_exception() -> anyhow::Result<()> {
    let single = Single::new()?;
    let browser = noticing().await?;
    let hash = hash(&browser, &single.site, "/clickstream.js").await?;
    let url = single.page(
        "nonce",
        &format!(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             script-src 'nonce-r4nd0m' 'wasm-unsafe-eval'; connect-src 'self'\">\
             <script nonce=\"r4nd0m\">window.removed = []; new MutationObserver((changes) => \
             changes.forEach(({{removedNodes}}) => removed.push(...removedNodes)))\
             .observe(document, {{childList: true, subtree: true}});\
             window.clickstream = [['track', 'Early']]</script>\
             <script async nonce=\"r4nd0m\" src=\"/clickstream.js\" integrity=\"{hash}\" \
             crossorigin=\"anonymous\" data-write-key=\"browser-key\"></script>"
        ),
    )?;
    browser.goto(&url).await?;
    crate::tracker::ready(&browser).await?;
    browser.click("#button").await?;
    let events = single
        .site
        .wait_for("the click", |events| told(events).len() >= 3)
        .await?;
    assert_eq!(
        told(&events),
        ["page load nonce", "track Early", "click button"]
    );
    let left = browser
        .run(
            "const names = [...document.querySelectorAll('*')].map(({localName}) => localName);
             const loaded = performance.getEntriesByType('resource').map(({name}) => name);
             return [names.join(' '), removed.length, noticed,
               loaded.every((name) => name.startsWith(location.origin + '/'))]",
        )
        .await?;
    browser.close().await?;
    let markup = "html head meta title meta script script body main button";
    assert_eq!(left, json!([markup, 0, [], true]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_is_another_than_its_hash_does_nothing() -> anyhow::Result<()> {
    let single = Single::new()?;
    let browser = noticing().await?;
    let hash = hash(&browser, &single.site, "/empty").await?;
    let url = single.page(
        "wrong",
        &format!(
            "<script>window.clickstream = []</script><script async src=\"/clickstream.js\" \
             integrity=\"{hash}\" onerror=\"window.refused = true\" data-write-key=\"browser-key\"></script>"
        ),
    )?;
    browser.goto(&url).await?;
    browser
        .wait_for("the refusal", "return window.refused || false")
        .await?;
    unnoticed(&single, browser).await
}

/// One byte of the module is another: the script has its hash.
#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_is_another_than_its_hash_does_nothing() -> anyhow::Result<()> {
    let single = Single::new()?;
    let files = single.folder.path().join("files");
    fs_err::create_dir(&files)?;
    let tracker = root().join("target/tracker");
    let mut module = fs_err::read(tracker.join("clickstream.wasm"))?;
    // An empty section of a custom name changes nothing but the hash.
    module.extend([0, 2, 1, b'x']);
    fs_err::write(files.join("clickstream.wasm"), &module)?;
    fs_err::copy(tracker.join("clickstream.js"), files.join("clickstream.js"))?;
    let url = single.page(
        "another",
        "<script async src=\"/files/clickstream.js\" data-write-key=\"browser-key\"></script>",
    )?;
    let browser = noticing().await?;
    browser.goto(&url).await?;
    let ready = "return window.clickstream?.ready?.then((runs) => !runs) || false";
    browser.wait_for("the refusal", ready).await?;
    unnoticed(&single, browser).await
}

/// What the explanation of a refusal is; silence for who has not asked for it.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_16_where_wasm_is_refused_one_line_says_why_to_who_asks() -> anyhow::Result<()> {
    let single = Single::new()?;
    let browser = noticing().await?;
    for (name, debug, lines) in [("silent", "", 0), ("told", "data-debug=\"console\"", 1)] {
        let url = single.page(
            name,
            &format!(
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
                 script-src 'self'; connect-src 'self'\"><script async src=\"/clickstream.js\" \
                 {debug} data-write-key=\"browser-key\"></script>"
            ),
        )?;
        browser.goto(&url).await?;
        let ready = "return window.clickstream?.ready?.then((runs) => !runs) || false";
        browser.wait_for("the refusal", ready).await?;
        assert_eq!(works(&browser).await?, true);
        let noticed = browser.run("return noticed").await?;
        let noticed: Vec<String> = serde_json::from_value(noticed)?;
        let why = noticed
            .iter()
            .filter(|line| line.contains("'wasm-unsafe-eval'"));
        assert_eq!(why.count(), lines, "{noticed:?}");
        assert_eq!(noticed.is_empty(), lines == 0, "{noticed:?}");
    }
    browser.close().await?;
    assert!(single.site.taken().is_empty());
    Ok(())
}

/// Every page of these tests, with nothing but its tag's own settings: not a word, not an error.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_into_any_pages_console() -> anyhow::Result<()> {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("pages");
    let site = Site::start(&pages)?;
    let browser = noticing().await?;
    let mut seen = 0;
    for entry in fs_err::read_dir(&pages)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".html") else {
            continue;
        };
        browser
            .goto(&format!("{}/{name}?relay={}", site.url, site.url))
            .await?;
        if name != "framed" {
            let ready = "return window.clickstream?.ready?.then(() => true) || false";
            browser
                .wait_for(&format!("{name} to be ready"), ready)
                .await?;
            browser
                .run(
                    "const circle = {}; circle.self = circle;
                     clickstream.track('X', circle); clickstream.page(); clickstream.consent('?');
                     document.querySelector('button')?.click(); clickstream.flush()",
                )
                .await?;
        }
        assert_eq!(browser.run("return noticed").await?, json!([]), "{name}");
        seen += 1;
    }
    browser.close().await?;
    assert!(seen > 15, "{seen}");
    Ok(())
}
