//! The books somebody wants one day.

use rusqlite::{Connection, params};

use crate::catalogue::BookId;

/// Whether a book is on the list.
pub fn has(db: &Connection, owner: &str, book: BookId) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM wishes WHERE owner = ? AND book = ?")?
        .exists(params![owner, book.0])
}

/// Puts a book on the list, or takes it off; says whether it is on it now.
pub fn toggle(db: &Connection, owner: &str, book: BookId) -> rusqlite::Result<bool> {
    let gone = db.execute(
        "DELETE FROM wishes WHERE owner = ? AND book = ?",
        params![owner, book.0],
    )?;
    if gone == 0 {
        db.execute(
            "INSERT INTO wishes (owner, book) VALUES (?, ?)",
            params![owner, book.0],
        )?;
    }
    Ok(gone == 0)
}

/// The list, newest last.
pub fn list(db: &Connection, owner: &str) -> rusqlite::Result<Vec<BookId>> {
    db.prepare_cached("SELECT book FROM wishes WHERE owner = ? ORDER BY rowid")?
        .query_map([owner], |row| row.get(0).map(BookId))?
        .collect()
}

/// What was wished before signing in is the reader's afterwards.
pub fn hand_over(db: &Connection, from: &str, to: &str) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR IGNORE INTO wishes (owner, book) SELECT ?, book FROM wishes WHERE owner = ?",
        [to, from],
    )?;
    db.execute("DELETE FROM wishes WHERE owner = ?", [from])?;
    Ok(())
}
