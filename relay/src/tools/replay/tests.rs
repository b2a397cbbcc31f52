//! A replay against a relay that answers as it is told.

use std::collections::VecDeque;
use std::time::Duration;

use super::send::{Answer, Unheard};
use super::*;

/// Answers in order; then 200 to everything.
#[derive(Debug, Default)]
struct Told {
    answers: VecDeque<Result<Answer, Unheard>>,
    bodies: Vec<serde_json::Value>,
}

impl Told {
    fn sizes(&self) -> Vec<usize> {
        let events = |body: &serde_json::Value| body["batch"].as_array().map_or(0, Vec::len);
        self.bodies.iter().map(events).collect()
    }
}

fn answer(status: u16, retry_after: Option<u64>, body: &str) -> Result<Answer, Unheard> {
    Ok(Answer {
        status,
        retry_after: retry_after.map(Duration::from_secs),
        body: body.as_bytes().to_vec(),
    })
}

impl Post for Told {
    fn post(&mut self, body: &[u8]) -> Result<Answer, Unheard> {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let count = body["batch"].as_array().unwrap().len();
        self.bodies.push(body);
        self.answers.pop_front().unwrap_or_else(|| {
            let body =
                format!(r#"{{"success":true,"accepted":{count},"duplicate":0,"rejected":[]}}"#);
            answer(200, None, &body)
        })
    }
}

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// With a file of so many events.
    fn new(events: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let line =
            |id| format!("{{\"type\":\"page\",\"messageId\":\"m{id}\",\"anonymousId\":\"a\"}}\n");
        let text: String = (0..events).map(line).collect();
        fs_err::write(dir.path().join("events.jsonl"), text).unwrap();
        Self { dir }
    }

    fn replay(&self) -> Replay {
        Replay {
            inputs: vec![self.dir.path().join("events.jsonl")],
            to: None,
            trust: Trust::default(),
            write_key: None,
            dry_run: false,
            resume: Some(self.dir.path().join("places")),
            batch_events: 4,
            believe_claims: false,
        }
    }

    fn run(&self, told: &mut Told) -> (Result<Sum, ReplayError>, Vec<Duration>) {
        let mut pauses = Vec::new();
        let mut pause = |pause| pauses.push(pause);
        let sum = self
            .replay()
            .run_with(Some(told), &mut pause, &mut |_, _| {});
        (sum, pauses)
    }
}

#[test]
fn it_waits_as_long_as_it_is_asked_and_then_goes_on() {
    let place = Place::new(6);
    let mut told = Told::default();
    told.answers.extend([
        answer(503, Some(7), "{}"),
        answer(429, None, "{}"),
        Err(Unheard::Away("connection refused".to_owned())),
    ]);
    let (sum, pauses) = place.run(&mut told);
    assert_eq!(sum.unwrap().new, 6);
    assert_eq!(told.sizes(), [4, 4, 4, 4, 2]);
    let wanted = [
        Duration::from_secs(7),
        Duration::from_secs(1),
        Duration::from_secs(2),
    ];
    assert_eq!(pauses, wanted);
}

#[test]
fn a_batch_that_is_too_much_is_halved_down_to_the_one_that_is_refused() {
    let place = Place::new(4);
    let mut told = Told::default();
    told.answers.extend([
        answer(413, None, ""),
        answer(400, None, ""),
        answer(400, None, ""),
    ]);
    let (sum, _) = place.run(&mut told);
    let sum = sum.unwrap();
    assert_eq!(told.sizes(), [4, 2, 1, 1, 2]);
    assert_eq!((sum.new, sum.rejected["refused with 400"]), (3, 1));
    assert!(!sum.is_whole());
}

#[test]
fn what_is_answered_for_is_not_sent_again_with_resume() {
    let place = Place::new(10);
    let mut told = Told::default();
    let taken = r#"{"success":true,"accepted":4,"duplicate":1,"rejected":[]}"#;
    told.answers
        .extend([answer(200, None, taken), answer(401, None, "{}")]);
    let (sum, _) = place.run(&mut told);
    assert!(matches!(sum, Err(ReplayError::Send(SendError::Key))));
    let mut told = Told::default();
    let (sum, _) = place.run(&mut told);
    assert_eq!(sum.unwrap().new, 6);
    assert_eq!(told.bodies[0]["batch"][0]["messageId"], "m4");
    let (sum, _) = place.run(&mut Told::default());
    assert_eq!(sum.unwrap(), Sum::default());
}

#[test]
fn a_relay_that_takes_nothing_ends_it_with_the_reason() {
    let place = Place::new(1);
    let mut told = Told::default();
    told.answers
        .extend((0..20).map(|_| answer(503, Some(1), "{}")));
    let (sum, pauses) = place.run(&mut told);
    let error = sum.unwrap_err().to_string();
    assert!(error.contains("20 tries: status 503"), "{error}");
    assert!(error.contains("start the same command again"), "{error}");
    assert_eq!(pauses.len(), 19);
}

#[test]
fn something_else_that_answers_is_no_success() {
    for (status, body) in [(200, "<html>"), (404, ""), (302, "")] {
        let place = Place::new(1);
        let mut told = Told::default();
        told.answers.push_back(answer(status, None, body));
        let (sum, _) = place.run(&mut told);
        assert!(sum.unwrap_err().to_string().contains("check --to"));
    }
}

#[test]
fn a_dry_run_counts_sends_nothing_and_remembers_nothing() {
    let place = Place::new(5);
    let path = place.dir.path().join("events.jsonl");
    let text = fs_err::read_to_string(&path).unwrap();
    fs_err::write(&path, format!("{text}half a li")).unwrap();
    let replay = Replay {
        dry_run: true,
        ..place.replay()
    };
    let mut out = Vec::new();
    assert!(!replay.run(&mut out, &mut |_, _| {}).unwrap());
    let out = String::from_utf8(out).unwrap();
    assert!(out.starts_with("5 events would be sent\n"), "{out}");
    assert!(out.contains("1 not sent: it is no JSON"), "{out}");
    assert!(!place.dir.path().join("places").exists());
}
