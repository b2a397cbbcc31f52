//! What the shop sells: invented books by invented people, in five departments.
//!
//! The data are the JSON files of `catalogue/`, compiled in, so that the shop
//! and the bot can never hold different ones.

use std::fmt;

use serde::Deserialize;

/// What the booksellers put into the window.
pub const WINDOW: [BookId; 10] = [
    BookId(2),
    BookId(15),
    BookId(33),
    BookId(45),
    BookId(53),
    BookId(8),
    BookId(29),
    BookId(64),
    BookId(25),
    BookId(60),
];

/// A book, written `bk-12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub struct BookId(pub u32);

impl BookId {
    /// Reads `bk-12`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = decimal(text.strip_prefix("bk-")?)?;
        u32::try_from(number).ok().map(Self)
    }
}

impl fmt::Display for BookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bk-{}", self.0)
    }
}

/// Decimal digits without sign or leading zero, so that each page has one path.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().ok() } else { None }
}

/// The five departments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Department {
    /// Novels and tales.
    Stories,
    /// Cooking, growing and eating.
    Kitchen,
    /// Engines, signals, computers and those who make them.
    Machines,
    /// Houses, gardens and the creatures in them.
    House,
    /// Weaving, sewing, dyeing, wearing.
    Thread,
}

impl Department {
    /// All of them, in the order of the shelves.
    pub const ALL: [Self; 5] = [
        Self::Stories,
        Self::Kitchen,
        Self::Machines,
        Self::House,
        Self::Thread,
    ];

    /// Its word in paths.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Stories => "stories",
            Self::Kitchen => "kitchen",
            Self::Machines => "machines",
            Self::House => "house",
            Self::Thread => "thread",
        }
    }

    /// The department of a word in a path.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.slug() == slug)
    }

    /// Its name over the door; also `category` in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stories => "Stories",
            Self::Kitchen => "Kitchen",
            Self::Machines => "Machines & Signals",
            Self::House => "House & Garden",
            Self::Thread => "Cloth & Thread",
        }
    }

    /// A sentence on what stands there.
    pub fn about(self) -> &'static str {
        match self {
            Self::Stories => "Novels, tales, and a few that refuse to say which they are.",
            Self::Kitchen => "Bread, salt, orchards, and what to do with too many courgettes.",
            Self::Machines => "Engines, radios, computers, and the people who stayed up late.",
            Self::House => "Roofs, moss, bees, damp, and other things one lives with.",
            Self::Thread => "Wool, indigo, seams, and the history of pockets.",
        }
    }

    fn json(self) -> &'static str {
        match self {
            Self::Stories => include_str!("../catalogue/stories.json"),
            Self::Kitchen => include_str!("../catalogue/kitchen.json"),
            Self::Machines => include_str!("../catalogue/machines.json"),
            Self::House => include_str!("../catalogue/house.json"),
            Self::Thread => include_str!("../catalogue/thread.json"),
        }
    }
}

/// A price in pence; shown and sent as pounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Deserialize)]
pub struct Pence(pub u32);

impl Pence {
    /// The currency of every price, as events name it.
    pub const CURRENCY: &'static str = "GBP";

    /// A plain number of pounds, as events carry it.
    pub fn pounds(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// So many times this.
    pub fn times(self, quantity: u32) -> Self {
        Self(self.0.saturating_mul(quantity))
    }
}

impl std::ops::Add for Pence {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for Pence {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self(0), |sum, one| sum + one)
    }
}

impl fmt::Display for Pence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "£{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// A book.
#[derive(Debug, Clone, Deserialize)]
pub struct Book {
    /// Its number; the path and `product_id` are `bk-` and this.
    pub id: BookId,
    /// The department it stands in.
    #[serde(skip, default = "first_department")]
    pub department: Department,
    /// The title.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// Who published it; `brand` in events.
    pub press: String,
    /// The year of this edition.
    pub year: u16,
    /// How many pages.
    pub pages: u16,
    /// What it costs.
    #[serde(rename = "pence")]
    pub price: Pence,
    /// One sentence for the shelf.
    pub blurb: String,
    /// The description.
    pub about: String,
    /// The reviews the shop opens with.
    #[serde(default)]
    pub reviews: Vec<SeedReview>,
}

impl Book {
    /// The stock number, as events name it.
    pub fn sku(&self) -> String {
        format!("PH-{:04}", self.id.0)
    }
}

/// A review the shop opens with.
#[derive(Debug, Clone, Deserialize)]
pub struct SeedReview {
    /// Which of the twenty readers wrote it.
    pub reader: u32,
    /// One to five.
    pub stars: u8,
    /// Its heading.
    pub title: String,
    /// What it says.
    pub text: String,
}

/// One of the twenty readers a visitor may sign in as.
#[derive(Debug, Clone, Deserialize)]
pub struct Reader {
    /// 1 to 20; as text, the user id in the lake.
    pub id: u32,
    /// The name; a trait in `identify`.
    pub name: String,
    /// What they are like, for the list.
    pub about: String,
}

/// The embedded data cannot be read: a mistake in `catalogue/*.json`.
#[derive(Debug, thiserror::Error)]
#[error(
    "catalogue/{file}.json is not what catalogue.rs reads: {source}; mend the file and build again"
)]
pub struct BadCatalogue {
    file: &'static str,
    source: serde_json::Error,
}

/// All books and readers.
#[derive(Debug, Clone)]
pub struct Catalogue {
    books: Vec<Book>,
    readers: Vec<Reader>,
}

impl Catalogue {
    /// Reads the embedded files.
    pub fn load() -> Result<Self, BadCatalogue> {
        let mut books = Vec::new();
        for department in Department::ALL {
            let shelf: Vec<Book> = read(department.slug(), department.json())?;
            books.extend(shelf.into_iter().map(|book| Book { department, ..book }));
        }
        books.sort_by_key(|book| book.id);
        let readers = read("readers", include_str!("../catalogue/readers.json"))?;
        Ok(Self { books, readers })
    }

    /// Every book, by number.
    pub fn books(&self) -> &[Book] {
        &self.books
    }

    /// The book of a number.
    pub fn book(&self, id: BookId) -> Option<&Book> {
        let at = self.books.binary_search_by_key(&id, |book| book.id).ok()?;
        self.books.get(at)
    }

    /// A department's books, in the order of its shelf.
    pub fn shelf(&self, department: Department) -> impl Iterator<Item = &Book> {
        self.books
            .iter()
            .filter(move |book| book.department == department)
    }

    /// The twenty readers.
    pub fn readers(&self) -> &[Reader] {
        &self.readers
    }

    /// The reader of a number.
    pub fn reader(&self, id: u32) -> Option<&Reader> {
        self.readers.iter().find(|reader| reader.id == id)
    }
}

fn read<T: serde::de::DeserializeOwned>(file: &'static str, json: &str) -> Result<T, BadCatalogue> {
    serde_json::from_str(json).map_err(|source| BadCatalogue { file, source })
}

/// Overwritten by [`Catalogue::load`], which knows which file it reads.
fn first_department() -> Department {
    Department::Stories
}
