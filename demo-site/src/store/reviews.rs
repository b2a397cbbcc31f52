//! Reviews: those the shop opened with, and those written since.

use rusqlite::{Connection, params};

use crate::catalogue::{BookId, Catalogue};

/// A review as it is shown.
#[derive(Debug, Clone)]
pub struct Review {
    /// Its number; `rv-` and this on the page and in events.
    pub id: i64,
    /// Which reader wrote it.
    pub reader: u32,
    /// One to five.
    pub stars: u8,
    /// Its heading.
    pub title: String,
    /// What it says.
    pub body: String,
    /// How many found it helpful.
    pub likes: u32,
    /// Whether the one who looks is among them.
    pub liked: bool,
}

/// Puts the catalogue's reviews in, once for the life of the file.
pub fn seed(db: &Connection, catalogue: &Catalogue) -> rusqlite::Result<()> {
    let mut insert = db.prepare(
        "INSERT OR IGNORE INTO reviews (seed, book, reader, stars, title, body)
         VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for book in catalogue.books() {
        for (number, review) in (1..).zip(&book.reviews) {
            let seed = format!("{}/{number}", book.id);
            insert.execute(params![
                seed,
                book.id.0,
                review.reader,
                review.stars,
                review.title,
                review.text
            ])?;
        }
    }
    Ok(())
}

/// A book's reviews, the most helpful first, as `owner` sees them.
pub fn of(db: &Connection, book: BookId, owner: &str) -> rusqlite::Result<Vec<Review>> {
    db.prepare_cached(
        "SELECT id, reader, stars, title, body,
           (SELECT count(*) FROM review_likes WHERE review = reviews.id) AS likes,
           EXISTS (SELECT 1 FROM review_likes WHERE review = reviews.id AND owner = ?2)
         FROM reviews WHERE book = ?1 ORDER BY likes DESC, id",
    )?
    .query_map(params![book.0, owner], |row| {
        Ok(Review {
            id: row.get(0)?,
            reader: row.get(1)?,
            stars: row.get(2)?,
            title: row.get(3)?,
            body: row.get(4)?,
            likes: row.get(5)?,
            liked: row.get(6)?,
        })
    })?
    .collect()
}

/// Writes one; gives its number.
pub fn write(
    db: &Connection,
    book: BookId,
    reader: u32,
    stars: u8,
    title: &str,
    body: &str,
) -> rusqlite::Result<i64> {
    db.execute(
        "INSERT INTO reviews (book, reader, stars, title, body) VALUES (?, ?, ?, ?, ?)",
        params![book.0, reader, stars, title, body],
    )?;
    Ok(db.last_insert_rowid())
}

/// Likes a review of a book, or takes the like back; false when there is no such review.
pub fn like(db: &Connection, book: BookId, review: i64, owner: &str) -> rusqlite::Result<bool> {
    let exists = db
        .prepare_cached("SELECT 1 FROM reviews WHERE id = ? AND book = ?")?
        .exists(params![review, book.0])?;
    if exists {
        let gone = db.execute(
            "DELETE FROM review_likes WHERE review = ? AND owner = ?",
            params![review, owner],
        )?;
        if gone == 0 {
            db.execute(
                "INSERT INTO review_likes (review, owner) VALUES (?, ?)",
                params![review, owner],
            )?;
        }
    }
    Ok(exists)
}
