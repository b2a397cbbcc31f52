//! Sessions: who somebody is to the shop, and what the next page has to say.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use crate::basket::Shipping;

/// How long a session, a sign-in and its token last.
pub const LIFETIME_SECONDS: u64 = 30 * 24 * 60 * 60;

/// Where an order goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Whose door.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Town.
    pub city: String,
    /// Postcode.
    pub postcode: String,
}

/// A session, as read at the begin of a request.
#[derive(Debug, Clone)]
pub struct Session {
    /// The cookie's value.
    pub id: String,
    /// The reader who is signed in, and since when (ms).
    pub reader: Option<(u32, u64)>,
    /// `cart_id` in events.
    pub cart: String,
    /// `checkout_id` in events; none before a checkout is begun.
    pub checkout: Option<String>,
    /// The way chosen, or the usual one.
    pub shipping: Shipping,
    /// As given in the first step of the checkout.
    pub address: Address,
    /// Copies in the basket.
    pub copies: u32,
}

impl Session {
    /// Whose wishes and likes these are: the reader's, else the session's.
    pub fn owner(&self) -> String {
        match self.reader {
            Some((reader, _)) => format!("reader-{reader}"),
            None => self.id.clone(),
        }
    }
}

/// The session of a cookie.
pub fn find(db: &Connection, id: &str) -> rusqlite::Result<Option<Session>> {
    db.prepare_cached(
        "SELECT reader, signed_in, cart, checkout, shipping, name, street, city, postcode,
                (SELECT coalesce(sum(quantity), 0) FROM basket WHERE session = sessions.id)
         FROM sessions WHERE id = ?",
    )?
    .query_row([id], |row| {
        let shipping: String = row.get(4)?;
        Ok(Session {
            id: id.to_owned(),
            reader: row.get::<_, Option<u32>>(0)?.zip(row.get(1)?),
            cart: row.get(2)?,
            checkout: row.get(3)?,
            shipping: Shipping::from_slug(&shipping).unwrap_or_default(),
            address: Address {
                name: row.get(5)?,
                street: row.get(6)?,
                city: row.get(7)?,
                postcode: row.get(8)?,
            },
            copies: row.get(9)?,
        })
    })
    .optional()
}

/// A new one, with an empty basket.
pub fn create(db: &Connection, id: &str, cart: &str, now_ms: u64) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO sessions (id, cart, seen) VALUES (?, ?, ?)",
        params![id, cart, now_ms],
    )?;
    Ok(())
}

/// Forgets a session and its basket.
pub fn forget(db: &Connection, id: &str) -> rusqlite::Result<()> {
    db.execute("DELETE FROM sessions WHERE id = ?", [id])?;
    Ok(())
}

/// Forgets sessions not begun or renewed since a moment.
pub fn expire(db: &Connection, before_ms: u64) -> rusqlite::Result<usize> {
    db.execute("DELETE FROM sessions WHERE seen < ?", [before_ms])
}

/// Gives a session a new id and a reader: the old cookie's value is worth nothing afterwards.
pub fn sign_in(
    db: &Connection,
    old: &str,
    new: &str,
    reader: u32,
    now_ms: u64,
) -> rusqlite::Result<()> {
    let moved = "INSERT INTO sessions
          (id, reader, signed_in, seen, cart, checkout, shipping, name, street, city, postcode)
        SELECT ?, ?, ?, ?, cart, checkout, shipping, name, street, city, postcode
        FROM sessions WHERE id = ?";
    db.execute(moved, params![new, reader, now_ms, now_ms, old])?;
    db.execute(
        "UPDATE basket SET session = ? WHERE session = ?",
        [new, old],
    )?;
    db.execute(
        "UPDATE orders SET session = ? WHERE session = ?",
        [new, old],
    )?;
    db.execute(
        "UPDATE sayings SET session = ? WHERE session = ?",
        [new, old],
    )?;
    forget(db, old)
}

/// Notes that a checkout was begun.
pub fn begin_checkout(db: &Connection, id: &str, checkout: &str) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE sessions SET checkout = ? WHERE id = ?",
        [checkout, id],
    )?;
    Ok(())
}

/// Notes that the checkout ended in an order.
pub fn end_checkout(db: &Connection, id: &str, next_cart: &str) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE sessions SET checkout = NULL, cart = ? WHERE id = ?",
        [next_cart, id],
    )?;
    Ok(())
}

/// Keeps the first step's answers.
pub fn deliver_to(
    db: &Connection,
    id: &str,
    address: &Address,
    shipping: Shipping,
) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE sessions SET shipping = ?, name = ?, street = ?, city = ?, postcode = ? WHERE id = ?",
        params![
            shipping.slug(),
            address.name,
            address.street,
            address.city,
            address.postcode,
            id
        ],
    )?;
    Ok(())
}

/// Something the next page tells the tracker, once; `saying` is its unique name.
pub fn say(db: &Connection, session: &str, saying: &str, call: &Value) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO sayings (session, id, call) VALUES (?, ?, ?)",
        params![session, saying, call.to_string()],
    )?;
    Ok(())
}

/// Takes what is to be told, in order; a second taker gets nothing.
pub fn take_sayings(db: &Connection, session: &str) -> rusqlite::Result<Vec<(String, Value)>> {
    let mut taken: Vec<(i64, String, String)> = db
        .prepare_cached("DELETE FROM sayings WHERE session = ? RETURNING number, id, call")?
        .query_map([session], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    taken.sort_by_key(|(number, ..)| *number);
    Ok(taken
        .into_iter()
        .filter_map(|(_, id, call)| Some((id, serde_json::from_str(&call).ok()?)))
        .collect())
}
