//! Pages take turns in sending what they share: the browser gives the turn to one of them, and
//! takes it back from one that crashes.

use std::cell::RefCell;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[derive(Debug)]
    type Locks;
    #[wasm_bindgen(method, catch)]
    fn request(this: &Locks, name: &str, granted: &JsValue) -> Result<Refusable, JsValue>;

    #[derive(Debug)]
    type Refusable;
    #[wasm_bindgen(method)]
    fn catch(this: &Refusable, refused: &Function);
}

thread_local! {
    static RELEASE: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Waits for the turn. Where the browser has no locks, or refuses, everybody has it: two pages may
/// then send the same line, and the relay tells doubles apart.
pub async fn acquire(name: &str) {
    let locks = web_sys::window().map(|window| window.navigator());
    let locks = locks.and_then(|navigator| Reflect::get(&navigator, &"locks".into()).ok());
    let Some(locks) = locks.filter(|locks| !locks.is_undefined()) else {
        return;
    };
    let promise = Promise::new(&mut |granted, _| {
        let refused = granted.clone();
        let held = Closure::once_into_js(move || {
            let _ = granted.call0(&JsValue::UNDEFINED);
            Promise::new(&mut |release, _| {
                RELEASE.with(|cell| cell.replace(Some(release)));
            })
        });
        match locks.unchecked_ref::<Locks>().request(name, &held) {
            Ok(request) => request.catch(&refused),
            Err(_) => drop(refused.call0(&JsValue::UNDEFINED)),
        }
    });
    let _ = JsFuture::from(promise).await;
}

/// Gives the turn back, if it is ours. A page that ends does so even while its request is on its
/// way: browsers keep no page that holds a lock for when somebody comes back.
pub fn release() {
    if let Some(release) = RELEASE.with(RefCell::take) {
        let _ = release.call0(&JsValue::UNDEFINED);
    }
}
