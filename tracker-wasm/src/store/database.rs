//! Lines in IndexedDB: what survives navigation, a crash and days without a network.
//!
//! Every transaction is told to commit at once: one that a page leaves open when it ends makes
//! WebKit's next page wait for it. Durability is `relaxed`: safe when the browser is killed, and
//! no sync of the disk for each click.

use std::cell::{Cell, RefCell};

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::queue::Line;

/// The one object store: a line's key to its JSON.
const LINES: &str = "lines";

#[wasm_bindgen]
extern "C" {
    #[derive(Debug)]
    type Factory;
    #[wasm_bindgen(method, catch)]
    fn open(this: &Factory, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = deleteDatabase)]
    fn remove(this: &Factory, name: &str) -> Result<JsValue, JsValue>;

    #[derive(Debug)]
    type Connection;
    #[wasm_bindgen(method, catch, js_name = createObjectStore)]
    fn create(this: &Connection, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn transaction(
        this: &Connection,
        name: &str,
        mode: &str,
        options: &Object,
    ) -> Result<Transaction, JsValue>;

    #[derive(Debug)]
    type Transaction;
    #[wasm_bindgen(method, catch, js_name = objectStore)]
    fn store(this: &Transaction, name: &str) -> Result<Rows, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn commit(this: &Transaction) -> Result<(), JsValue>;

    #[derive(Debug)]
    type Rows;
    #[wasm_bindgen(method, catch)]
    fn put(this: &Rows, json: &str, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn delete(this: &Rows, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getAll)]
    fn values(this: &Rows) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getAllKeys)]
    fn keys(this: &Rows) -> Result<JsValue, JsValue>;
}

/// The lines that pages of one origin and write key have left to be sent.
#[derive(Debug)]
pub struct Database {
    name: String,
    connection: RefCell<Option<Connection>>,
    /// It was deleted for good: whoever still has it finds nothing.
    gone: Cell<bool>,
}

impl Database {
    /// The database of this name; it is opened at the first use.
    pub const fn new(name: String) -> Self {
        Self {
            name,
            connection: RefCell::new(None),
            gone: Cell::new(false),
        }
    }

    /// Deletes it. Other tabs' connections are closed by their own answer to that.
    pub fn forget(&self) {
        self.gone.set(true);
        if let Ok(factory) = member(&web_sys::window().into(), "indexedDB") {
            let _ = factory.unchecked_into::<Factory>().remove(&self.name);
        }
    }

    /// Opens it, and makes it where it is not there yet.
    pub async fn open(&self) -> Result<(), JsValue> {
        if self.gone.get() {
            return Err(JsValue::UNDEFINED);
        }
        let factory = member(&web_sys::window().into(), "indexedDB")?;
        let opening = factory.unchecked_into::<Factory>().open(&self.name)?;
        loop {
            let event = settled(&opening, &["onsuccess", "onupgradeneeded"], "onerror").await?;
            let connection = member(&opening, "result")?.unchecked_into::<Connection>();
            if member(&event, "type")? == "success" {
                // Who clears the site's data does not wait for us: the next use opens it anew.
                let close = member(&connection, "close")?.unchecked_into::<Function>();
                Reflect::set(
                    &connection,
                    &"onversionchange".into(),
                    &close.bind0(&connection),
                )?;
                self.connection.replace(Some(connection));
                return Ok(());
            }
            connection.create(LINES)?;
        }
    }

    /// Takes lines, all of them or none.
    pub async fn put(&self, lines: &[Line]) -> Result<(), JsValue> {
        let (transaction, rows) = self.begin("readwrite").await?;
        for line in lines {
            rows.put(&line.json, &line.key)?;
        }
        ended(&transaction).await
    }

    /// Forgets lines.
    pub async fn delete(&self, lines: &[Line]) -> Result<(), JsValue> {
        let (transaction, rows) = self.begin("readwrite").await?;
        for line in lines {
            rows.delete(&line.key)?;
        }
        ended(&transaction).await
    }

    /// All lines, oldest first.
    pub async fn load(&self) -> Result<Vec<Line>, JsValue> {
        let (transaction, rows) = self.begin("readonly").await?;
        let (keys, values) = (rows.keys()?, rows.values()?);
        ended(&transaction).await?;
        let keys = member(&keys, "result")?.unchecked_into::<Array>();
        let values = member(&values, "result")?.unchecked_into::<Array>();
        let mut lines = Vec::new();
        for at in 0..keys.length() {
            let (key, json) = (keys.get(at).as_string(), values.get(at).as_string());
            if let (Some(key), Some(json)) = (key, json) {
                lines.push(Line { key, json });
            }
        }
        Ok(lines)
    }

    /// A transaction; where the connection was closed meanwhile, by a new one.
    async fn begin(&self, mode: &str) -> Result<(Transaction, Rows), JsValue> {
        let options = Object::new();
        Reflect::set(&options, &"durability".into(), &"relaxed".into())?;
        let begun = || {
            let connection = self.connection.borrow();
            let transaction = connection.as_ref()?.transaction(LINES, mode, &options);
            transaction.ok()
        };
        let transaction = match begun() {
            Some(transaction) => transaction,
            None => {
                self.open().await?;
                begun().ok_or(JsValue::UNDEFINED)?
            }
        };
        let rows = transaction.store(LINES)?;
        Ok((transaction, rows))
    }
}

async fn ended(transaction: &Transaction) -> Result<(), JsValue> {
    transaction.commit()?;
    settled(transaction, &["oncomplete"], "onabort").await?;
    Ok(())
}

fn member(of: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    Reflect::get(of, &name.into())
}

/// Waits for one of the events, and gives it.
fn settled(target: &JsValue, good: &[&str], bad: &str) -> JsFuture {
    let promise = Promise::new(&mut |resolve, reject| {
        for name in good {
            let _ = Reflect::set(target, &(*name).into(), &resolve);
        }
        let _ = Reflect::set(target, &bad.into(), &reject);
    });
    JsFuture::from(promise)
}
