//! An event as programs write it, read in one pass: no white space between tokens, no escapes in
//! keys, text where text belongs, no name that is the server's.
//!
//! Nearly every event is canonical. One that is not is `None` here, whatever the cause, and is read
//! by the slow and general way, [`crate::member`], which says what is wrong if anything is. Where
//! this way says something, both say the same: `read/differential.rs`.

use crate::kind::EventType;
use crate::limits::MESSAGE_ID_CHARACTERS;
use crate::scan;
use crate::time::Timestamp;

/// What the relay looks at in an event, and the stretches of it that go to the lake as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Canonical<'a> {
    pub(crate) kind: Option<EventType>,
    pub(crate) message_id: Option<&'a str>,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) anonymous_id: Option<&'a str>,
    pub(crate) write_key: Option<&'a str>,
    pub(crate) timestamp: Option<Timestamp>,
    pub(crate) original: Option<Timestamp>,
    pub(crate) sent_at: Option<Timestamp>,
    pub(crate) user_agent: Option<&'a str>,
    /// `context.automation`, an object.
    pub(crate) automation: Option<&'a str>,
    /// `properties`, where `false` stands somewhere in it.
    pub(crate) doubtful: Option<&'a str>,
    /// Whether it has `traits`.
    pub(crate) traits: bool,
    pub(crate) runs: Runs<'a>,
}

/// Members side by side that stay, comma between them: one more than there are names that may be cut
/// out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Runs<'a> {
    runs: [&'a str; 9],
    count: usize,
}

impl<'a> Runs<'a> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.runs.iter().take(self.count).copied()
    }

    fn add(&mut self, run: &'a str) -> Option<()> {
        *self.runs.get_mut(self.count)? = run;
        self.count += 1;
        Some(())
    }
}

/// What the context that was read last began with, and what the relay looks at in it. The events of a
/// page mostly have one context, half of each event, but for the number that `session` gives each of
/// them: where the text before that stands again, or all of it where there is no such member, it
/// is read already, since its own bytes say where a member ends, whatever follows.
///
/// For the events of one body: they nest equally deep.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastContext<'a> {
    text: &'a str,
    /// To its end, and not to a member's name.
    whole: bool,
    names: Names<'a>,
    user_agent: Option<&'a str>,
    automation: Option<&'a str>,
}

/// Reads the event at `at`, nesting at most `levels` deep, and moves past it. `event` is a fresh one,
/// filled where it stands: it is too large to be handed around.
pub(crate) fn read<'a>(
    text: &'a str,
    at: &mut usize,
    levels: u32,
    event: &mut Canonical<'a>,
    last: &mut LastContext<'a>,
) -> Option<()> {
    let levels = levels.checked_sub(1)?;
    let bytes = text.as_bytes();
    let mut names = Names::default();
    let mut run = None;
    step(bytes, at, b'{')?;
    loop {
        let start = *at;
        let name = plain(text, at)?;
        step(bytes, at, b':')?;
        names.add(name)?;
        let mut stays = true;
        match name {
            "type" => event.kind = Some(EventType::parse(filled(text, at)?)?),
            "messageId" | "anonymousId" | "groupId" | "previousId" => match optional(text, at)? {
                Some(id) if name == "messageId" => event.message_id = Some(message_id(id)?),
                Some(id) if name == "anonymousId" => event.anonymous_id = Some(id),
                Some(_) => {}
                None => stays = false,
            },
            "originalTimestamp" => event.original = Some(Timestamp::as_written(filled(text, at)?)?),
            "userId" | "writeKey" | "timestamp" | "sentAt" => {
                stays = false;
                if let Some(value) = optional(text, at)? {
                    match name {
                        "userId" => event.user_id = Some(value),
                        "writeKey" => event.write_key = Some(value),
                        "timestamp" => event.timestamp = Some(Timestamp::parse(value)?),
                        _ => event.sent_at = Some(Timestamp::parse(value)?),
                    }
                }
            }
            "context" => event.read_context(text, at, levels, last)?,
            "properties" => {
                let from = *at;
                if value(bytes, at, levels)? {
                    event.doubtful = Some(text.get(from..*at)?);
                }
            }
            "traits" => {
                event.traits = true;
                value(bytes, at, levels)?;
            }
            "receivedAt" | "relay" | "storage" | "userBucket" | "userToken" => return None,
            _ => drop(value(bytes, at, levels)?),
        }
        if stays {
            run = Some((run.map_or(start, |(from, _)| from), *at));
        } else if let Some((from, to)) = run.take() {
            event.runs.add(text.get(from..to)?)?;
        }
        match bytes.get(*at)? {
            b',' => *at += 1,
            b'}' => break,
            _ => return None,
        }
    }
    *at += 1;
    if let Some((from, to)) = run {
        event.runs.add(text.get(from..to)?)?;
    }
    // Of two times that differ one is kept apart: the slow way's work.
    let differ = |(one, other)| one != other;
    if event.timestamp.zip(event.original).is_some_and(differ) {
        return None;
    }
    Some(())
}

impl<'a> Canonical<'a> {
    fn read_context(
        &mut self,
        text: &'a str,
        at: &mut usize,
        levels: u32,
        last: &mut LastContext<'a>,
    ) -> Option<()> {
        let (bytes, start) = (text.as_bytes(), *at);
        let again = !last.text.is_empty() && bytes.get(start..)?.starts_with(last.text.as_bytes());
        let mut names = Names::default();
        let inner = levels.checked_sub(1)?;
        if again {
            *at += last.text.len();
            self.user_agent = last.user_agent;
            self.automation = last.automation;
            if last.whole {
                return Some(());
            }
            names = last.names.clone();
        } else {
            step(bytes, at, b'{')?;
            last.text = "";
        }
        loop {
            let from = *at;
            let name = plain(text, at)?;
            if name == "session" && !again {
                self.remember(text.get(start..from)?, false, &names, last);
            }
            step(bytes, at, b':')?;
            names.add(name)?;
            match name {
                "userAgent" => self.user_agent = Some(plain(text, at)?),
                "automation" => {
                    let from = *at;
                    value(bytes, at, inner)?;
                    self.automation = Some(text.get(from..*at).filter(|v| v.starts_with('{'))?);
                }
                _ => drop(value(bytes, at, inner)?),
            }
            match bytes.get(*at)? {
                b',' => *at += 1,
                b'}' => break,
                _ => return None,
            }
        }
        *at += 1;
        if last.text.is_empty() {
            self.remember(text.get(start..*at)?, true, &names, last);
        }
        Some(())
    }

    fn remember(&self, text: &'a str, whole: bool, names: &Names<'a>, last: &mut LastContext<'a>) {
        *last = LastContext {
            text,
            whole,
            names: names.clone(),
            user_agent: self.user_agent,
            automation: self.automation,
        };
    }
}

/// The names of one object, to see one that stands twice.
#[derive(Clone, Debug, Default)]
struct Names<'a> {
    /// A bit for each of a few features of a name: most new names show by these alone.
    seen: u64,
    names: [&'a str; 24],
    count: usize,
}

impl<'a> Names<'a> {
    fn add(&mut self, name: &'a str) -> Option<()> {
        let bytes = name.as_bytes();
        let first = usize::from(bytes.first().copied().unwrap_or(0));
        let last = usize::from(bytes.last().copied().unwrap_or(0));
        let bit = 1 << ((bytes.len() * 5 + first + last * 3) % 64);
        let known = self.names.get(..self.count).unwrap_or_default();
        if self.seen & bit != 0 && known.contains(&name) {
            return None;
        }
        self.seen |= bit;
        *self.names.get_mut(self.count)? = name;
        self.count += 1;
        Some(())
    }
}

/// Moves past `byte`.
pub(crate) fn step(bytes: &[u8], at: &mut usize, byte: u8) -> Option<()> {
    (*bytes.get(*at)? == byte).then(|| *at += 1)
}

/// The text of a string without escapes, which means itself.
pub(crate) fn plain<'a>(text: &'a str, at: &mut usize) -> Option<&'a str> {
    let bytes = text.as_bytes();
    step(bytes, at, b'"')?;
    let start = *at;
    *at = crate::plain::end(bytes, start);
    let plain = text.get(start..*at)?;
    step(bytes, at, b'"')?;
    Some(plain)
}

/// A [`plain`] text that is not empty: an empty one counts as absent.
pub(crate) fn filled<'a>(text: &'a str, at: &mut usize) -> Option<&'a str> {
    plain(text, at).filter(|text| !text.is_empty())
}

/// A [`filled`] text, or none for `null`, which counts as absent: some SDKs name what they do not know.
fn optional<'a>(text: &'a str, at: &mut usize) -> Option<Option<&'a str>> {
    if *text.as_bytes().get(*at)? != b'n' {
        return filled(text, at).map(Some);
    }
    scan::scalar(text.as_bytes(), at).ok()?;
    Some(None)
}

fn message_id(id: &str) -> Option<&str> {
    // Characters are not more than bytes: mostly nobody has to count them.
    (id.len() <= MESSAGE_ID_CHARACTERS || id.chars().count() <= MESSAGE_ID_CHARACTERS).then_some(id)
}

/// Moves past a value without white space; says whether `false` stands in it. `levels` is how many
/// objects and arrays may stand inside each other (at most 64: one bit of a word each).
pub(crate) fn value(bytes: &[u8], at: &mut usize, levels: u32) -> Option<bool> {
    let mut says_false = false;
    // A set bit is an object, a clear one an array; the lowest is the innermost.
    let mut open: u64 = 0;
    let mut depth: u32 = 0;
    // By value: this loop is where most of the relay's time goes.
    let mut place = *at;
    loop {
        match *bytes.get(place)? {
            b'"' => place = string(bytes, place)?,
            bracket @ (b'{' | b'[') => {
                if depth >= levels.min(64) {
                    return None;
                }
                place += 1;
                let object = bracket == b'{';
                if *bytes.get(place)? == closing(object) {
                    place += 1;
                } else {
                    open = open << 1 | u64::from(object);
                    depth += 1;
                    if object {
                        place = key(bytes, place)?;
                    }
                    continue;
                }
            }
            byte => {
                says_false |= byte == b'f';
                place = short(bytes, place)?;
            }
        }
        // A value has ended: a comma leads to the next, a bracket ends what holds it.
        while depth > 0 {
            let object = open & 1 == 1;
            let byte = *bytes.get(place)?;
            place += 1;
            if byte == closing(object) {
                open >>= 1;
                depth -= 1;
            } else if byte == b',' {
                if object {
                    place = key(bytes, place)?;
                }
                break;
            } else {
                return None;
            }
        }
        if depth == 0 {
            *at = place;
            return Some(says_false);
        }
    }
}

const fn closing(object: bool) -> u8 {
    if object { b'}' } else { b']' }
}

/// Behind the key at `place` and its colon.
#[inline]
fn key(bytes: &[u8], place: usize) -> Option<usize> {
    let end = string(bytes, place)?;
    (*bytes.get(end)? == b':').then_some(end + 1)
}

/// Behind the string at `place`.
#[inline]
fn string(bytes: &[u8], place: usize) -> Option<usize> {
    if *bytes.get(place)? != b'"' {
        return None;
    }
    let end = crate::plain::end(bytes, place + 1);
    if *bytes.get(end)? == b'"' {
        return Some(end + 1);
    }
    escaped(bytes, place)
}

/// Behind the string at `place`, which is not all plain.
#[cold]
fn escaped(bytes: &[u8], mut place: usize) -> Option<usize> {
    scan::string(bytes, &mut place).ok()?;
    Some(place)
}

/// Behind the number or word at `place`.
#[inline]
fn short(bytes: &[u8], mut place: usize) -> Option<usize> {
    scan::scalar(bytes, &mut place).ok()?;
    Some(place)
}
