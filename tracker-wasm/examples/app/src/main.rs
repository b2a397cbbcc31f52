//! A Yew site with the tracker compiled in: started once, with a plugin of Rust; pages of a router, whose
//! views are recorded by themselves; a component that tells of an event and shows when it is safe.

use clickstream_tracker::{
    app::{self, Settings},
    plugin::Plugin,
    words::setting,
};
use js_sys::{Object, Reflect};
use yew::{
    Callback, Html, MouseEvent, Properties, Renderer, component, html, platform::spawn_local,
    use_state,
};
use yew_router::{BrowserRouter, Routable, Switch, components::Link};

/// The site's pages, by their paths.
#[derive(Clone, Debug, PartialEq, Routable)]
enum Page {
    #[at("/books/:id")]
    Book { id: u32 },
    #[not_found]
    #[at("/")]
    Books,
}

/// Adds the shop's branch to each event, and leaves one out.
#[derive(Debug)]
struct Branch(&'static str);

impl Plugin for Branch {
    fn name(&self) -> &str {
        "branch"
    }

    fn enrich(&self, event: &Object) -> bool {
        let context = Reflect::get(event, &"context".into()).unwrap_or_default();
        let _ = Reflect::set(&context, &"branch".into(), &self.0.into());
        let name = Reflect::get(event, &"event".into()).unwrap_or_default();
        name != "Unwanted"
    }
}

/// The site.
#[component]
fn App() -> Html {
    html! { <BrowserRouter><Switch<Page> render={page} /></BrowserRouter> }
}

fn page(page: Page) -> Html {
    match page {
        Page::Books => html! {
            <main>
                <h1>{ "Books" }</h1>
                <Link<Page> to={Page::Book { id: 7 }} classes="book">{ "A book" }</Link<Page>>
            </main>
        },
        Page::Book { id } => html! {
            <main>
                <h1>{ format!("Book {id}") }</h1>
                <Buy {id} />
            </main>
        },
    }
}

#[derive(PartialEq, Properties)]
struct BuyProperties {
    id: u32,
}

/// A button that puts a book into the basket.
#[component]
fn Buy(&BuyProperties { id }: &BuyProperties) -> Html {
    let said = use_state(|| "");
    let put = {
        let said = said.clone();
        Callback::from(move |_: MouseEvent| {
            let said = said.clone();
            spawn_local(async move {
                let safe =
                    app::track("Product Added", &format!(r#"{{"product_id":"{id}"}}"#)).await;
                said.set(if safe { "safe" } else { "not safe" });
            });
        })
    };
    html! {
        <>
            <button id="buy" type="button" onclick={put}>{ "Add to basket" }</button>
            <output>{ *said }</output>
        </>
    }
}

fn main() {
    let mut settings = Settings::new("browser-key").with(setting::DEBUG, "");
    // The first page's query names the relay: `?http://127.0.0.1:8081`.
    let location = web_sys::window().map(|window| window.location());
    let search = location.and_then(|location| location.search().ok());
    if let Some(relay) = search
        .as_deref()
        .and_then(|search| search.strip_prefix('?'))
    {
        settings = settings.with(setting::ENDPOINT, relay);
    }
    app::start(settings, vec![Box::new(Branch("north"))]);
    drop(app::track("Unwanted", ""));
    Renderer::<App>::new().render();
}
