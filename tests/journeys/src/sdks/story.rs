//! The one story that every SDK tells: a calm round of calls, a refusal for good, refusals for
//! now, a restart of the relay.

use std::collections::{BTreeMap, BTreeSet};

use clickstream_event::time::Timestamp;
use clickstream_lab::lake::{self, Line};
use clickstream_lab::relay::Relay;
use clickstream_lab::wait;
use clickstream_lab::wire::{Seen, Wire};
use serde_json::Value;
use tempfile::TempDir;

use super::client::{Client, Place};

/// More sends of one event than any SDK makes before it gives up.
const MOST_SENDS: usize = 12;

/// How many requests are refused where a refusal is for now.
const REFUSALS: usize = 2;

/// An SDK and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Sdk {
    /// Its heading in `docs/sdks.md`.
    pub heading: &'static str,
    /// Its calls, in `tests/journeys/sdks/`.
    pub file: &'static str,
    /// Where it runs.
    pub place: Place,
    /// The write key that it is given.
    pub key: &'static str,
    /// The types of a round's calls.
    pub calls: &'static [&'static str],
    /// Whether its key's claims are believed.
    pub believed: bool,
    /// Whether it sends again what was refused for now.
    pub again: bool,
    /// Whether it bears being cut off for seconds. One that does not is kept waiting while the
    /// relay restarts, as by a socket that the service manager holds.
    pub bears_cuts: bool,
}

/// An SDK at work.
struct Story {
    sdk: Sdk,
    folder: TempDir,
    wire: Wire,
    relay: Relay,
    client: Client,
}

/// Tells the story.
pub async fn tell(sdk: Sdk) -> anyhow::Result<()> {
    let mut story = Story::begin(sdk).await?;
    story.calm().await?;
    story.refused_for_good().await?;
    story.refused_for_now("throttled", 429).await?;
    story.refused_for_now("busy", 503).await?;
    story.restarted().await?;
    story.end().await
}

/// Tells the calm part alone, and gives the paths that events were sent to.
pub async fn call(sdk: Sdk) -> anyhow::Result<Vec<String>> {
    let mut story = Story::begin(sdk).await?;
    story.calm().await?;
    let seen = story.wire.seen();
    let carried = seen.iter().filter(|seen| !seen.events().is_empty());
    let paths: BTreeSet<_> = carried.map(|seen| seen.request.path.clone()).collect();
    story.end().await?;
    Ok(paths.into_iter().collect())
}

impl Story {
    async fn begin(sdk: Sdk) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let wire = Wire::start()?;
        let relay = started(&folder, &wire)?;
        if !sdk.bears_cuts {
            wire.wait_for_relay();
        }
        let client = Client::start(
            sdk.heading,
            sdk.file,
            sdk.place,
            folder.path(),
            &wire.url,
            sdk.key,
        )
        .await?;
        Ok(Self {
            sdk,
            folder,
            wire,
            relay,
            client,
        })
    }

    /// All calls arrive as they were made.
    async fn calm(&mut self) -> anyhow::Result<()> {
        self.client.call("calm").await?;
        let lines = self.complete("calm")?;
        let mut kinds: Vec<&str> = lines
            .iter()
            .filter_map(|l| l.json["type"].as_str())
            .collect();
        let mut calls = self.sdk.calls.to_vec();
        kinds.sort_unstable();
        calls.sort_unstable();
        assert_eq!(kinds, calls);
        let sent = self.sent();
        for line in &lines {
            self.check(line, &sent[line.id()]);
        }
        assert_eq!(self.client.complaints().await?, Vec::<String>::new());
        Ok(())
    }

    /// The lake's line says what the event said.
    fn check(&self, line: &Line, sent: &Value) {
        let json = &line.json;
        for member in [
            "type",
            "event",
            "name",
            "groupId",
            "previousId",
            "properties",
        ] {
            let given = Some(&sent[member]).filter(|value| !value.is_null());
            let kept = json.get(member).filter(|value| !value.is_null());
            assert_eq!(kept, given, "{member} of {json}");
        }
        // A batch's events may leave what they share to the batch; ours never do.
        let given = [&sent["timestamp"], &sent["originalTimestamp"]];
        let given = given.into_iter().find_map(Value::as_str).unwrap();
        let time = Timestamp::parse(given).unwrap().to_string();
        assert_eq!(json["originalTimestamp"], time, "{json}");
        if json["event"] == "Tried" && !matches!(self.sdk.place, Place::Browser) {
            assert_eq!(time, "2026-01-02T03:04:05.006Z", "the caller's own time");
        }
        let visitor = || {
            json["userId"].as_str().unwrap().starts_with("visitor-")
                && json["anonymousId"] == sent["anonymousId"]
        };
        if self.sdk.believed {
            assert!(json["userId"] == "45" || visitor(), "{json}");
        } else {
            assert!(visitor(), "{json}");
            assert_eq!(json["relay"]["claimed"]["userId"], sent["userId"], "{json}");
        }
        if json["type"] == "identify" {
            assert_eq!(json["traits"]["round"], "calm", "{json}");
        }
        assert_eq!(json.get("writeKey"), None, "{json}");
    }

    /// What is refused as broken is sent once, and the rest is not touched.
    async fn refused_for_good(&mut self) -> anyhow::Result<()> {
        self.wire.refuse([400]);
        self.client.call("refused").await?;
        self.complete("refused")?;
        // Whoever would send it again had a whole round for it.
        self.client.call("after").await?;
        self.complete("after")?;
        let lost = self.lost();
        assert!(!lost.is_empty());
        let sends = self.sends();
        for id in &lost {
            assert_eq!(sends[id], 1, "sent again after a 400");
        }
        Ok(())
    }

    /// What is refused for now comes again, as often as it was refused and no oftener.
    async fn refused_for_now(&mut self, round: &str, status: u16) -> anyhow::Result<()> {
        let before = self.wire.arrived();
        self.wire.refuse([status; REFUSALS]);
        self.client.call(round).await?;
        self.complete(round)?;
        let requests = self.wire.arrived() - before;
        assert!(
            requests <= self.sdk.calls.len() + REFUSALS,
            "{requests} requests of a round after {REFUSALS} answers of {status}"
        );
        Ok(())
    }

    /// What is called while the relay is away arrives when it is back.
    async fn restarted(&mut self) -> anyhow::Result<()> {
        self.relay.program.stop()?;
        let (before, cut) = (self.wire.arrived(), self.cut());
        self.client.call("restarted").await?;
        wait::until_async("the SDK to miss the relay", || async {
            let missed = self.wire.arrived() > before && (self.cut() > cut || !self.sdk.bears_cuts);
            Ok(if missed {
                Ok(())
            } else {
                Err(self.wire.seen().len())
            })
        })
        .await?;
        self.relay = started(&self.folder, &self.wire)?;
        self.complete("restarted")?;
        Ok(())
    }

    /// Nothing is in the lake twice, nothing was sent without end, every preflight passed.
    async fn end(self) -> anyhow::Result<()> {
        let lines = self.relay.lake.events()?;
        lake::check_books(&lines)?;
        let lost = self.lost();
        let ids: BTreeSet<&str> = lines.iter().map(Line::id).collect();
        for (id, sends) in self.sends() {
            assert!(sends <= MOST_SENDS, "{id} was sent {sends} times");
            assert_ne!(
                ids.contains(&*id),
                lost.contains(&id),
                "{id} is lost or kept"
            );
        }
        assert!(self.relay.lake.errors()?.is_empty());
        for seen in self.wire.seen() {
            if seen.request.method == "OPTIONS" && seen.status.is_some() {
                assert_eq!(seen.status, Some(204), "{:?}", seen.request);
            }
        }
        self.client.close().await
    }

    /// Waits until all of a round is in the lake that the SDK has not given up.
    fn complete(&self, round: &str) -> anyhow::Result<Vec<Line>> {
        let of_round = |lines: &[Line]| {
            let found = lines
                .iter()
                .filter(|line| round_of(&line.json) == Some(round));
            found.cloned().collect::<Vec<_>>()
        };
        let lines =
            self.relay
                .lake
                .wait_for(&format!("{round} of {}", self.sdk.heading), |lines| {
                    // In this order: what is lost was sent before.
                    let lost = self.lost();
                    let sent = self.sent();
                    let lost = lost.iter().filter(|id| round_of(&sent[*id]) == Some(round));
                    of_round(lines).len() + lost.count() == self.sdk.calls.len()
                })?;
        Ok(of_round(&lines))
    }

    /// Every event that was sent, by its id.
    fn sent(&self) -> BTreeMap<String, Value> {
        let seen = self.wire.seen();
        let events = seen.iter().flat_map(Seen::events);
        events.map(|event| (id(event), event.clone())).collect()
    }

    /// How often each event was sent.
    fn sends(&self) -> BTreeMap<String, usize> {
        let mut sends = BTreeMap::new();
        for event in self.wire.seen().iter().flat_map(Seen::events) {
            *sends.entry(id(event)).or_insert(0) += 1;
        }
        sends
    }

    /// The events that the SDK gives up: refused for good, or at all where it never tries again.
    fn lost(&self) -> BTreeSet<String> {
        let seen = self.wire.seen();
        let lost = seen.iter().filter(|seen| match seen.status {
            Some(200) => false,
            Some(400) => true,
            _ => !self.sdk.again,
        });
        lost.flat_map(Seen::events).map(id).collect()
    }

    /// How many requests with events nobody answered.
    fn cut(&self) -> usize {
        let seen = self.wire.seen();
        let cut = seen
            .iter()
            .filter(|seen| seen.status.is_none() && !seen.events().is_empty());
        cut.count()
    }
}

/// A relay of this folder at the end of the wire.
fn started(folder: &TempDir, wire: &Wire) -> anyhow::Result<Relay> {
    let jitsu = "browser-trusted:bookstore:jitsu-id:jitsu-secret";
    let relay = Relay::start(folder.path(), &["--write-key", jitsu])?;
    wire.lead_to(&relay.url);
    Ok(relay)
}

fn id(event: &Value) -> String {
    event["messageId"].as_str().unwrap_or_default().to_owned()
}

/// The round in which an event was made.
fn round_of(event: &Value) -> Option<&str> {
    let told = [
        &event["properties"],
        &event["traits"],
        &event["context"]["traits"],
    ];
    let alias = || event["previousId"].as_str()?.strip_prefix("round-");
    alias().or_else(|| told.into_iter().find_map(|part| part["round"].as_str()))
}
