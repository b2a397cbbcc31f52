//! What is logged and what is heard, in time that only passes in waiting.

use std::io::{self, Write};
use std::sync::Arc;

use tokio::time::advance;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// A log, as long as the guard lives.
    fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        // With this one alone, a line that another test's thread comes by first would count as one that
        // nobody wants, and be missing here.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_ansi(false)
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        (log, guard)
    }

    fn count(&self, words: &str) -> usize {
        let text = self.0.lock().unwrap();
        String::from_utf8_lossy(&text).matches(words).count()
    }
}

fn voice() -> (Voice, Arc<Mutex<Vec<Option<String>>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&heard);
    (
        Voice::new(move |text| hear.lock().unwrap().push(text)),
        heard,
    )
}

#[tokio::test(start_paused = true)]
async fn a_thousand_failures_are_two_lines_with_their_count() {
    let (log, _guard) = Log::begin();
    let (voice, heard) = voice();
    let sources = [voice.source(), voice.source(), voice.source()];
    for round in 0..1_000 {
        voice.trouble(sources[round % 3], "no such stream");
        advance(Duration::from_secs(1)).await;
    }
    for source in sources {
        voice.well(source);
        voice.well(source);
    }
    assert_eq!(
        log.count("no such stream; events wait"),
        2,
        "after ten minutes again"
    );
    assert_eq!(log.count("delivery goes on"), 1);
    assert_eq!(log.count("failures=1000 seconds=1000"), 1);
    let said = [Some("no such stream".to_owned()), None];
    assert_eq!(*heard.lock().unwrap(), said);
}

#[tokio::test(start_paused = true)]
async fn it_is_over_when_the_last_one_got_through() {
    let (voice, heard) = voice();
    let (one, other) = (voice.source(), voice.source());
    voice.trouble(one, "cut");
    voice.trouble(other, "no right");
    voice.well(other);
    voice.well(one);
    let heard: Vec<Option<String>> = heard.lock().unwrap().clone();
    let heard: Vec<Option<&str>> = heard.iter().map(Option::as_deref).collect();
    assert_eq!(heard, [Some("cut"), Some("no right"), Some("cut"), None]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_and_goes_fills_no_log_but_what_lasts_is_logged() {
    let (log, _guard) = Log::begin();
    let (voice, _) = voice();
    let source = voice.source();
    for _ in 0..100 {
        voice.trouble(source, "cut");
        voice.well(source);
        advance(Duration::from_secs(1)).await;
    }
    assert_eq!((log.count("cut;"), log.count("delivery goes on")), (1, 1));
    // Soon after, but this time it stays.
    for _ in 0..40 {
        voice.trouble(source, "cut");
        advance(Duration::from_secs(1)).await;
    }
    assert_eq!(log.count("cut;"), 2);
    voice.well(source);
    assert_eq!(log.count("delivery goes on"), 2);
}

#[tokio::test(start_paused = true)]
async fn texts_that_are_remembered_are_bounded() {
    let (voice, _) = voice();
    for number in 0..1_000 {
        voice.trouble(voice.source(), &format!("trouble {number}"));
    }
    assert_eq!(voice.state.lock().unwrap().logged.len(), MOST_TEXTS);
}
