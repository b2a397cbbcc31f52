//! The checkout: where to, then the card. Nothing of the card is kept.

mod card_form;
mod delivery_form;

use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

pub use card_form::Card;
pub use delivery_form::Delivery;

use super::{basket, go, say_next, show};
use crate::basket::{Line, Totals};
use crate::catalogue::{BookId, Pence};
use crate::failure::Failure;
use crate::routes::Page;
use crate::says::{self, Step};
use crate::shop::{Shared, Shop};
use crate::store::basket as kept;
use crate::store::orders::{self, Purchase};
use crate::store::sessions::{self, Session};
use crate::visitor::Visitor;

/// What is wrong with a form: field and what to do.
type Faults = Vec<(&'static str, &'static str)>;

/// `GET /checkout`
pub async fn delivery(State(shop): State<Shared>, visitor: Visitor) -> Result<Response, Failure> {
    let lines = basket::lines(&shop, visitor.session.as_ref()).await?;
    let Some(session) = visitor.session.clone().filter(|_| !lines.is_empty()) else {
        return Ok(go(&Page::Basket, None));
    };
    let checkout = begin(&shop, &session, &lines).await?;
    let form = Delivery::of(&session);
    let main = delivery_form::main(&form, &lines, &Vec::new());
    let said = vec![says::step_viewed(&checkout, Step::Delivery)];
    show(&shop, &visitor, &Page::Delivery, said, main).await
}

/// The checkout's id; the first time for a basket it is made, and `Checkout Started` said.
async fn begin(shop: &Shop, session: &Session, lines: &[Line<'_>]) -> Result<String, Failure> {
    if let Some(checkout) = &session.checkout {
        return Ok(checkout.clone());
    }
    let checkout = shop.fresh_number("checkout");
    let said = says::checkout_started(&checkout, lines, session.shipping);
    let (id, made, saying) = (session.id.clone(), checkout.clone(), shop.fresh_id());
    let work = move |db: &rusqlite::Connection| {
        sessions::begin_checkout(db, &id, &made)?;
        say_next(db, &id, &saying, &said)
    };
    shop.store.call(work).await?;
    Ok(checkout)
}

/// `POST /checkout`
pub async fn deliver(
    State(shop): State<Shared>,
    visitor: Visitor,
    Form(form): Form<Delivery>,
) -> Result<Response, Failure> {
    let lines = basket::lines(&shop, visitor.session.as_ref()).await?;
    let Some(session) = visitor.session.clone().filter(|_| !lines.is_empty()) else {
        return Ok(go(&Page::Basket, None));
    };
    let checkout = begin(&shop, &session, &lines).await?;
    let (address, shipping) = match form.check() {
        Ok(good) => good,
        Err(faults) => {
            let main = delivery_form::main(&form, &lines, &faults);
            let page = show(&shop, &visitor, &Page::Delivery, Vec::new(), main).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let said = says::step_completed(&checkout, Step::Delivery, shipping);
    let saying = shop.fresh_id();
    let work = move |db: &rusqlite::Connection| {
        sessions::deliver_to(db, &session.id, &address, shipping)?;
        say_next(db, &session.id, &saying, &said)
    };
    shop.store.call(work).await?;
    Ok(go(&Page::Payment, None))
}

/// `GET /checkout/payment`
pub async fn payment(State(shop): State<Shared>, visitor: Visitor) -> Result<Response, Failure> {
    let lines = basket::lines(&shop, visitor.session.as_ref()).await?;
    match ready(&visitor, &lines) {
        Err(elsewhere) => Ok(go(&elsewhere, None)),
        Ok((session, checkout)) => {
            let said = vec![says::step_viewed(checkout, Step::Payment)];
            let main = card_form::main(session, &lines, &Vec::new());
            show(&shop, &visitor, &Page::Payment, said, main).await
        }
    }
}

/// The session and checkout that may pay, or the page that has to come before.
fn ready<'a>(visitor: &'a Visitor, lines: &[Line<'_>]) -> Result<(&'a Session, &'a str), Page> {
    let session = visitor.session.as_ref().ok_or(Page::Basket)?;
    let checkout = session.checkout.as_deref().ok_or(Page::Basket)?;
    if lines.is_empty() {
        Err(Page::Basket)
    } else if session.address.name.is_empty() {
        Err(Page::Delivery)
    } else {
        Ok((session, checkout))
    }
}

/// `POST /checkout/payment`
pub async fn pay(
    State(shop): State<Shared>,
    visitor: Visitor,
    Form(card): Form<Card>,
) -> Result<Response, Failure> {
    let lines = basket::lines(&shop, visitor.session.as_ref()).await?;
    let (session, checkout) = match ready(&visitor, &lines) {
        Ok((session, checkout)) => (session.clone(), checkout.to_owned()),
        Err(elsewhere) => return Ok(go(&paid(&shop, &visitor, elsewhere).await?, None)),
    };
    if let Err(faults) = card.check(shop.clock.now_ms()) {
        let main = card_form::main(&session, &lines, &faults);
        let page = show(&shop, &visitor, &Page::Payment, Vec::new(), main).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let order = place(&shop, session, checkout, &lines).await?;
    let page = match order {
        Some(order) => Page::Order(order),
        None => paid(&shop, &visitor, Page::Basket).await?,
    };
    Ok(go(&page, None))
}

/// Where somebody lands who pays a second time for a basket that is empty since the first:
/// at the order. With books in the basket, `elsewhere`.
async fn paid(shop: &Shop, visitor: &Visitor, elsewhere: Page) -> Result<Page, Failure> {
    let Some(session) = visitor.session.clone() else {
        return Ok(elsewhere);
    };
    let work = move |db: &rusqlite::Connection| {
        if kept::lines(db, &session.id)?.is_empty() {
            orders::latest(db, &session.id)
        } else {
            Ok(None)
        }
    };
    let order = shop.store.call(work).await?;
    Ok(order.map_or(elsewhere, Page::Order))
}

/// Places the order and has its page say so: in one transaction, so once. `None` when
/// another tab has just changed or paid for the same basket.
async fn place(
    shop: &Shared,
    session: Session,
    checkout: String,
    lines: &[Line<'_>],
) -> Result<Option<crate::routes::OrderId>, Failure> {
    let totals = Totals::of(lines, session.shipping);
    let bought: Vec<(BookId, u32, Pence)> = lines
        .iter()
        .map(|line| (line.book.id, line.quantity, line.book.price))
        .collect();
    let now_ms = shop.clock.now_ms();
    let next_cart = shop.fresh_number("cart");
    let shared = shop.clone();
    let work = move |db: &rusqlite::Connection| {
        let still: Vec<_> = kept::lines(db, &session.id)?;
        let same = bought.iter().map(|(book, copies, _)| (*book, *copies));
        if !still.into_iter().eq(same) {
            return Ok(None);
        }
        let purchase = Purchase {
            checkout: &checkout,
            lines: &bought,
            totals,
            now_ms,
        };
        let order = orders::place(db, &session, &purchase)?;
        kept::clear(db, &session.id)?;
        sessions::end_checkout(db, &session.id, &next_cart)?;
        let lines: Vec<Line<'_>> = bought
            .iter()
            .filter_map(|(id, quantity, _)| {
                let book = shared.catalogue.book(*id)?;
                Some(Line {
                    book,
                    quantity: *quantity,
                })
            })
            .collect();
        for said in [
            says::payment_entered(&checkout, session.shipping),
            says::step_completed(&checkout, Step::Payment, session.shipping),
            says::ordered(&checkout, order, &lines, session.shipping),
        ] {
            say_next(db, &session.id, &shared.fresh_id(), &said)?;
        }
        Ok(Some(order))
    };
    Ok(shop.store.call(work).await?)
}

/// A field with its label and, if it is wrong, what to do about it.
fn field(faults: &Faults, name: &str, label: &str, input: Markup) -> Markup {
    let fault = faults.iter().find(|(field, _)| *field == name);
    html! {
        div.field {
            label for=(name) { (label) }
            (input)
            @if let Some((_, what)) = fault { p.fault id={ (name) "-fault" } { (what) } }
        }
    }
}

/// Where `aria-describedby` points for a field that is wrong.
fn fault_id(faults: &Faults, name: &str) -> Option<String> {
    let wrong = faults.iter().any(|(field, _)| *field == name);
    wrong.then(|| format!("{name}-fault"))
}

/// Where one is on the way.
fn steps(now: Step) -> Markup {
    let current = |step| (now == step).then_some("step");
    html! {
        ol.steps aria-label="Steps" {
            li aria-current=[current(Step::Delivery)] { "Where to" }
            li aria-current=[current(Step::Payment)] { "Payment" }
            li { "Done" }
        }
    }
}

/// What is bought, in short.
fn summary(lines: &[Line<'_>], shipping: crate::basket::Shipping) -> Markup {
    html! {
        section.sum aria-labelledby="sum" {
            h2 #sum { "Your books" }
            ul.plainlist {
                @for line in lines { li { (line.quantity) " × " (line.book.title) } }
            }
            (basket::totals(lines, shipping))
        }
    }
}
