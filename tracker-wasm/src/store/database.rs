//! Lines in IndexedDB: what survives navigation, a crash and days without a network.
//!
//! Every transaction is told to commit at once: one that a page leaves open when it ends makes
//! WebKit's next page wait for it. Durability is `relaxed`: safe when the browser is killed, and
//! no sync of the disk for each click.

use std::cell::{Cell, RefCell};

use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use super::lease;
use crate::{
    js::{get, set},
    queue::Line,
    settings::Host,
};

/// The one object store: a line's key to its JSON.
const LINES: &str = "lines";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = indexedDB, js_name = open)]
    fn open(name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = indexedDB, js_name = deleteDatabase)]
    fn remove(name: &str) -> Result<JsValue, JsValue>;

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
    pub(super) type Rows;
    #[wasm_bindgen(method, catch)]
    pub(super) fn add(this: &Rows, value: &str, key: f64) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &Rows, json: &str, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn delete(this: &Rows, key: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getAll)]
    fn values(this: &Rows) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getAllKeys)]
    fn keys(this: &Rows) -> Result<JsValue, JsValue>;
}

/// What is done with the rows in one transaction.
type Act<'a> = &'a mut dyn FnMut(&Rows) -> Result<(), JsValue>;

/// The lines that pages of one origin and write key have left to be sent.
#[derive(Debug)]
pub struct Database {
    name: String,
    connection: RefCell<Option<Connection>>,
    /// It was deleted for good: whoever still has it finds nothing.
    gone: Cell<bool>,
    /// A promise of one of an object's events, and of another as its refusal.
    settled: Function,
    /// A promise of the turn among the pages, and of what gives it back.
    turn: Function,
    release: RefCell<Option<Function>>,
    /// The first slot of our lease, where there are no locks.
    leased: Cell<Option<f64>>,
}

impl Database {
    /// The database of this name; it is opened at the first use.
    pub fn new(name: String, host: &Host) -> Self {
        Self {
            name,
            connection: RefCell::new(None),
            gone: Cell::new(false),
            settled: host.function("settled"),
            turn: host.function("turn"),
            release: RefCell::new(None),
            leased: Cell::new(None),
        }
    }

    /// Waits for this page's turn among those that share the database: the browser gives it to one
    /// of them, and takes it back from one that crashes. Where the browser has no locks, or refuses,
    /// nobody waits, and [`Database::load`] takes a lease.
    pub async fn turn(&self) {
        let name = JsValue::from(&self.name);
        let asked = self.turn.call1(&JsValue::UNDEFINED, &name);
        let promise: Promise = asked.unwrap_or_default().unchecked_into();
        let given = JsFuture::from(promise).await.unwrap_or_default();
        self.release.replace(given.dyn_into().ok());
    }

    /// Gives the turn back, if it is ours. A page that ends does so even while its request is on its
    /// way: browsers keep no page that holds a lock for when somebody comes back.
    pub fn release(&self) {
        if let Some(release) = self.release.take() {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
        if let Some(slot) = self.leased.take() {
            // At once: a page that ends has no later.
            let _ = self
                .begin()
                .map(|transaction| done(&transaction, &mut |rows| lease::end(rows, slot)));
        }
    }

    /// Deletes it. Other tabs' connections are closed by their own answer to that.
    pub fn forget(&self) {
        self.gone.set(true);
        let _ = remove(&self.name);
    }

    /// Opens it, and makes it where it is not there yet.
    pub async fn open(&self) -> bool {
        self.with(&mut |_| Ok(())).await.is_ok()
    }

    /// Takes lines, all of them or none.
    pub async fn put(&self, lines: &[Line]) -> bool {
        let put = &mut |rows: &Rows| {
            for line in lines {
                rows.put(&line.json, &line.key)?;
            }
            Ok(())
        };
        self.with(put).await.is_ok()
    }

    /// Forgets lines.
    pub async fn delete(&self, lines: &[Line]) {
        let delete = &mut |rows: &Rows| {
            for line in lines {
                rows.delete(&JsValue::from(&line.key))?;
            }
            Ok(())
        };
        // Refused, they are sent again, and the relay tells doubles apart.
        let _ = self.with(delete).await;
    }

    /// All lines, oldest first. With `leases` nobody else's turn is it meanwhile: with locks that was
    /// waited for, without them it is an error that is true while it is another's.
    pub async fn load(&self, leases: bool) -> Result<Vec<Line>, bool> {
        let lease = (leases && self.release.borrow().is_none()).then(lease::slot);
        let mut asked = (JsValue::UNDEFINED, JsValue::UNDEFINED);
        let load = &mut |rows: &Rows| {
            asked = (rows.keys()?, rows.values()?);
            lease.map_or(Ok(()), |slot| lease::take(rows, slot))
        };
        if let Err(refused) = self.with(load).await {
            return Err(lease::is_anothers(&refused));
        }
        self.leased.set(lease);
        let of = |request| get(request, "result").unchecked_into::<Array>();
        let (keys, values) = (of(&asked.0), of(&asked.1));
        let mut lines = Vec::new();
        for at in 0..keys.length() {
            let (key, json) = (keys.get(at).as_string(), values.get(at).as_string());
            if let (Some(key), Some(json)) = (key, json) {
                lines.push(Line { key, json });
            }
        }
        Ok(lines)
    }

    /// One transaction; where the connection was closed meanwhile, by a new one.
    async fn with(&self, act: Act<'_>) -> Result<(), JsValue> {
        let transaction = match self.begin() {
            Some(transaction) => transaction,
            None => {
                self.connect().await?;
                self.begin().ok_or(JsValue::UNDEFINED)?
            }
        };
        done(&transaction, act)?;
        self.settled(&transaction, "complete", "abort").await?;
        Ok(())
    }

    fn begin(&self) -> Option<Transaction> {
        let options = Object::new();
        set(&options, "durability", &"relaxed".into());
        let connection = self.connection.borrow();
        let begun = connection
            .as_ref()?
            .transaction(LINES, "readwrite", &options);
        begun.ok()
    }

    async fn connect(&self) -> Result<(), JsValue> {
        if self.gone.get() {
            return Err(JsValue::UNDEFINED);
        }
        let opening = open(&self.name)?;
        loop {
            let event = self
                .settled(&opening, "success upgradeneeded", "error")
                .await?;
            let connection: Connection = get(&opening, "result").unchecked_into();
            if get(&event, "type") == "success" {
                // Who clears the site's data does not wait for us: the next use opens it anew.
                let close: Function = get(&connection, "close").unchecked_into();
                set(&connection, "onversionchange", &close.bind0(&connection));
                self.connection.replace(Some(connection));
                return Ok(());
            }
            connection.create(LINES)?;
        }
    }

    fn settled(&self, target: &JsValue, good: &str, bad: &str) -> JsFuture {
        let promise = self
            .settled
            .call3(&JsValue::UNDEFINED, target, &good.into(), &bad.into());
        let promise: Promise = promise.unwrap_or_default().unchecked_into();
        JsFuture::from(promise)
    }
}

/// Asks for what is to be done in a transaction, all of it or nothing.
fn done(transaction: &Transaction, act: Act<'_>) -> Result<(), JsValue> {
    act(&transaction.store(LINES)?)?;
    transaction.commit()
}
