//! What is in a session's basket.

use rusqlite::{Connection, OptionalExtension, params};

use crate::basket::MOST;
use crate::catalogue::BookId;

/// The basket's books and how many of each, in the order they were put in.
pub fn lines(db: &Connection, session: &str) -> rusqlite::Result<Vec<(BookId, u32)>> {
    db.prepare_cached("SELECT book, quantity FROM basket WHERE session = ? ORDER BY place")?
        .query_map([session], |row| Ok((BookId(row.get(0)?), row.get(1)?)))?
        .collect()
}

/// How many copies of a book are in it.
pub fn copies(db: &Connection, session: &str, book: BookId) -> rusqlite::Result<u32> {
    let found = db
        .prepare_cached("SELECT quantity FROM basket WHERE session = ? AND book = ?")?
        .query_row(params![session, book.0], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// Sets how many copies there are (0 takes the book out); gives how many there were.
pub fn set(db: &Connection, session: &str, book: BookId, quantity: u32) -> rusqlite::Result<u32> {
    let before = copies(db, session, book)?;
    if quantity == 0 {
        db.execute(
            "DELETE FROM basket WHERE session = ? AND book = ?",
            params![session, book.0],
        )?;
    } else {
        db.execute(
            "INSERT INTO basket (session, book, quantity, place)
             VALUES (?1, ?2, ?3, (SELECT coalesce(max(place), 0) + 1 FROM basket WHERE session = ?1))
             ON CONFLICT DO UPDATE SET quantity = excluded.quantity",
            params![session, book.0, quantity.min(MOST)],
        )?;
    }
    Ok(before)
}

/// Empties it.
pub fn clear(db: &Connection, session: &str) -> rusqlite::Result<()> {
    db.execute("DELETE FROM basket WHERE session = ?", [session])?;
    Ok(())
}
