//! Paths to members: `context.ip`, `traits.*`, `properties."card.number"`.
//!
//! Names stand between dots, as in the paths that rejections give; `*` is any name; quotes hold a name
//! with dots. Arrays are passed through: `properties.products.price` is the price of each product.

/// A path to one member or, by `*`, to several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Step>);

/// One name on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Any,
    Named(String),
}

/// What an `identify` says in its context alone, the relay writes as its `traits`, too.
const COPIED: [&str; 2] = ["context", "traits"];

/// Names that the relay decides by or writes itself: without them an event is none.
const NEEDED: [&str; 8] = [
    "type",
    "messageId",
    "userId",
    "userBucket",
    "receivedAt",
    "timestamp",
    "originalTimestamp",
    "sentAt",
];

/// Whether a top-level member is the relay's to write; `relay` itself holds what a client claimed.
pub(super) fn is_needed(name: &str) -> bool {
    NEEDED.contains(&name)
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    /// Something else than names between dots.
    #[error("write names between dots, such as context.ip, traits.* or properties.\"card.number\"")]
    Form,
    /// `*` at the beginning would leave nothing.
    #[error("begin with a name, such as context, properties or traits")]
    Everything,
    /// A name that the relay needs.
    #[error(
        "{0} cannot be left out, the relay needs it; choose a path below context, properties or traits"
    )]
    Needed(String),
    /// What the relay adds, claims aside.
    #[error("of relay only relay.claimed can be left out; for relay.ip use --ip off")]
    Relay,
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            match step {
                Step::Any => write!(f, "{dot}*")?,
                Step::Named(name) if is_plain(name) => write!(f, "{dot}{name}")?,
                Step::Named(name) => write!(f, "{dot}\"{name}\"")?,
            }
        }
        Ok(())
    }
}

/// Whether a name needs no quotes.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"*[].".contains(c);
    !name.is_empty() && name.chars().all(plain)
}

impl std::str::FromStr for Path {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let mut rest = text.strip_prefix("$.").unwrap_or(text);
        let mut steps = Vec::new();
        loop {
            let (step, after) = Step::first(rest).ok_or(InvalidPath::Form)?;
            steps.push(step);
            match after.strip_prefix('.') {
                Some(more) => rest = more,
                None if after.is_empty() => break,
                None => return Err(InvalidPath::Form),
            }
        }
        match steps.as_slice() {
            [Step::Any, ..] => Err(InvalidPath::Everything),
            [Step::Named(name), ..] if is_needed(name) => Err(InvalidPath::Needed(name.clone())),
            [Step::Named(name), more @ ..] if name == "relay" => match more.first() {
                Some(Step::Named(second)) if second == "claimed" => Ok(Self(steps)),
                _ => Err(InvalidPath::Relay),
            },
            _ => Ok(Self(steps)),
        }
    }
}

/// These paths, and those to the copies that the relay has made of what they lead to.
pub(super) fn with_copies(paths: &[Path]) -> Vec<Path> {
    let copies = paths.iter().filter_map(Path::to_copy);
    copies.chain(paths.iter().cloned()).collect()
}

impl Path {
    /// The path to the copy of what this one leads to, if there is one.
    fn to_copy(&self) -> Option<Self> {
        let [context, traits] = COPIED;
        match self.0.as_slice() {
            [first] if first.is(context) => Some(Self(vec![Step::Named(traits.to_owned())])),
            [first, second, more @ ..] if first.is(context) && second.is(traits) => {
                let traits = Step::Named(traits.to_owned());
                Some(Self([&[traits], more].concat()))
            }
            _ => None,
        }
    }
}

impl Step {
    /// The step that `text` begins with, and what follows it.
    fn first(text: &str) -> Option<(Self, &str)> {
        if let Some(quoted) = text.strip_prefix('"') {
            let (name, after) = quoted.split_once('"')?;
            return Some((Self::Named(name.to_owned()), after));
        }
        let end = text.find('.').unwrap_or(text.len());
        let (name, after) = text.split_at(end);
        match name {
            "*" => Some((Self::Any, after)),
            "" => None,
            name => is_plain(name).then(|| (Self::Named(name.to_owned()), after)),
        }
    }

    fn is(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Named(mine) => mine == name,
        }
    }
}

/// The paths that lead into a value, each with how many of its steps are gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<(usize, usize)>);

impl Places {
    /// Where all paths begin: the event itself.
    pub fn start(paths: &[Path]) -> Self {
        Self((0..paths.len()).map(|path| (path, 0)).collect())
    }

    /// Into the member `name`; none where a path ends at it, so that it is left out.
    pub fn toward(&self, name: &str, paths: &[Path]) -> Option<Self> {
        let mut places = Vec::new();
        for (path, gone) in &self.0 {
            let steps = paths.get(*path).map_or(&[][..], |path| &path.0);
            if steps.get(*gone).is_some_and(|step| step.is(name)) {
                if gone + 1 == steps.len() {
                    return None;
                }
                places.push((*path, gone + 1));
            }
        }
        Some(Self(places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_names_between_dots() {
        let named = |name: &str| Step::Named(name.to_owned());
        for (text, steps) in [
            ("context.ip", vec![named("context"), named("ip")]),
            ("$.traits.*", vec![named("traits"), Step::Any]),
            (
                "properties.*.id",
                vec![named("properties"), Step::Any, named("id")],
            ),
            (
                "properties.\"card.number\".x",
                vec![named("properties"), named("card.number"), named("x")],
            ),
            (
                "relay.claimed.userId",
                vec![named("relay"), named("claimed"), named("userId")],
            ),
            ("anonymousId", vec![named("anonymousId")]),
        ] {
            assert_eq!(text.parse::<Path>(), Ok(Path(steps)), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_a_reason() {
        for text in [
            "", ".", "a.", ".a", "a..b", "a b", "a.b*", "a[0]", "a.\"b", "a.\"b\"c",
        ] {
            assert_eq!(text.parse::<Path>(), Err(InvalidPath::Form), "{text}");
        }
        assert_eq!("*.email".parse::<Path>(), Err(InvalidPath::Everything));
        assert_eq!("relay.ip".parse::<Path>(), Err(InvalidPath::Relay));
        assert_eq!("relay".parse::<Path>(), Err(InvalidPath::Relay));
        for text in ["userId", "\"messageId\"", "$.timestamp.x"] {
            let refused = text.parse::<Path>();
            assert!(matches!(refused, Err(InvalidPath::Needed(_))), "{text}");
        }
    }
}
