//! Full-text search over the catalogue.

use rusqlite::{Connection, params};

use crate::catalogue::{BookId, Catalogue};

/// More words than this in a question are not looked at.
const MOST_WORDS: usize = 12;

/// Puts every book into the index.
pub fn fill(db: &Connection, catalogue: &Catalogue) -> rusqlite::Result<()> {
    let mut insert = db.prepare(
        "INSERT INTO books (rowid, title, author, press, blurb, about) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for book in catalogue.books() {
        insert.execute(params![
            book.id.0,
            book.title,
            book.author,
            book.press,
            book.blurb,
            format!("{} {}", book.department.name(), book.about),
        ])?;
    }
    Ok(())
}

/// The books that hold every word (or begin of a word) of `question`, best first.
pub fn find(db: &Connection, question: &str) -> rusqlite::Result<Vec<BookId>> {
    let Some(query) = query(question) else {
        return Ok(Vec::new());
    };
    // A word in a title counts more than the same word in a description.
    let mut select = db.prepare_cached(
        "SELECT rowid FROM books WHERE books MATCH ?
         ORDER BY bm25(books, 10, 8, 3, 4, 1), rowid LIMIT 40",
    )?;
    let rows = select.query_map([query], |row| row.get(0).map(BookId))?;
    rows.collect()
}

/// The question in FTS5's language: every word quoted, so that nothing a
/// visitor types is an operator of it; each may be the begin of a longer one.
fn query(question: &str) -> Option<String> {
    let words: Vec<String> = question
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .map(|word| format!("\"{word}\"*"))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_an_operator() {
        assert_eq!(
            query("salt\" OR NEAR(*) -sea:").as_deref(),
            Some("\"salt\"* \"OR\"* \"NEAR\"* \"sea\"*")
        );
        assert_eq!(query(" \"*' - "), None);
    }
}
