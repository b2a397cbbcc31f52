//! Orders, kept for good.

use rusqlite::{Connection, OptionalExtension, params};

use super::sessions::{Address, Session};
use crate::basket::{Shipping, Totals};
use crate::catalogue::{BookId, Pence};
use crate::routes::OrderId;

/// An order as it was paid.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// When (ms).
    pub placed_ms: u64,
    /// How it travels.
    pub shipping: Shipping,
    /// What was paid.
    pub totals: Totals,
    /// Where to.
    pub address: Address,
    /// Books, copies, and the price of one at the time.
    pub lines: Vec<(BookId, u32, Pence)>,
}

/// What is to be ordered.
#[derive(Debug)]
pub struct Purchase<'a> {
    /// `checkout_id`: one checkout is one order.
    pub checkout: &'a str,
    /// Books, copies, prices.
    pub lines: &'a [(BookId, u32, Pence)],
    /// What is paid.
    pub totals: Totals,
    /// When (ms).
    pub now_ms: u64,
}

/// Places an order for a session.
pub fn place(
    db: &Connection,
    session: &Session,
    purchase: &Purchase<'_>,
) -> rusqlite::Result<OrderId> {
    let address = &session.address;
    db.execute(
        "INSERT INTO orders (checkout, session, reader, placed, shipping, subtotal, postage,
                             name, street, city, postcode)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            purchase.checkout,
            session.id,
            session.reader.map(|(reader, _)| reader),
            purchase.now_ms,
            session.shipping.slug(),
            purchase.totals.subtotal.0,
            purchase.totals.shipping.0,
            address.name,
            address.street,
            address.city,
            address.postcode
        ],
    )?;
    let id = db.last_insert_rowid();
    let mut insert = db.prepare_cached(
        r#"INSERT INTO order_lines ("order", book, quantity, price, place) VALUES (?, ?, ?, ?, ?)"#,
    )?;
    for (place, (book, quantity, price)) in (1_u32..).zip(purchase.lines) {
        insert.execute(params![id, book.0, quantity, price.0, place])?;
    }
    Ok(OrderId(id))
}

/// An order, if it is this session's or its reader's.
pub fn find(db: &Connection, id: OrderId, session: &Session) -> rusqlite::Result<Option<Order>> {
    let reader = session.reader.map(|(reader, _)| reader);
    let head = db
        .prepare_cached(
            "SELECT id, placed, shipping, subtotal, postage, name, street, city, postcode
             FROM orders WHERE id = ?1 AND (reader = ?2 OR (reader IS NULL AND session = ?3))",
        )?
        .query_row(params![id.0, reader, session.id], head)
        .optional()?;
    head.map(|order| with_lines(db, order)).transpose()
}

/// The last order of a session.
pub fn latest(db: &Connection, session: &str) -> rusqlite::Result<Option<OrderId>> {
    db.prepare_cached("SELECT max(id) FROM orders WHERE session = ?")?
        .query_row([session], |row| {
            Ok(row.get::<_, Option<i64>>(0)?.map(OrderId))
        })
}

/// A reader's orders, newest first.
pub fn of_reader(db: &Connection, reader: u32) -> rusqlite::Result<Vec<Order>> {
    let heads: Vec<Order> = db
        .prepare_cached(
            "SELECT id, placed, shipping, subtotal, postage, name, street, city, postcode
             FROM orders WHERE reader = ? ORDER BY id DESC LIMIT 100",
        )?
        .query_map([reader], head)?
        .collect::<rusqlite::Result<_>>()?;
    heads
        .into_iter()
        .map(|order| with_lines(db, order))
        .collect()
}

fn head(row: &rusqlite::Row<'_>) -> rusqlite::Result<Order> {
    let shipping: String = row.get(2)?;
    Ok(Order {
        id: OrderId(row.get(0)?),
        placed_ms: row.get(1)?,
        shipping: Shipping::from_slug(&shipping).unwrap_or_default(),
        totals: Totals {
            subtotal: Pence(row.get(3)?),
            shipping: Pence(row.get(4)?),
        },
        address: Address {
            name: row.get(5)?,
            street: row.get(6)?,
            city: row.get(7)?,
            postcode: row.get(8)?,
        },
        lines: Vec::new(),
    })
}

fn with_lines(db: &Connection, order: Order) -> rusqlite::Result<Order> {
    let lines = db
        .prepare_cached(
            r#"SELECT book, quantity, price FROM order_lines WHERE "order" = ? ORDER BY place"#,
        )?
        .query_map([order.id.0], |row| {
            Ok((BookId(row.get(0)?), row.get(1)?, Pence(row.get(2)?)))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Order { lines, ..order })
}
