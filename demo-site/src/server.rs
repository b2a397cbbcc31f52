//! The shop's router: every page and form, a line each.

use axum::Router;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::failure::Failure;
use crate::pages::{
    account, basket, book, checkout, department, home, lake, order, review, search, wishlist,
};
use crate::shop::Shared;
use crate::{guard, static_files};

/// The shop alone: neither the relay nor the tracker's files.
pub fn router(shop: Shared) -> Router {
    Router::new()
        // To look at.
        .route("/", get(home::page))
        .route("/departments/{department}", get(department::page))
        .route("/search", get(search::page))
        .route("/books/{book}", get(book::description))
        .route(
            "/books/{book}/reviews",
            get(book::reviews).post(review::write),
        )
        // To want.
        .route("/books/{book}/like", post(book::like))
        .route("/books/{book}/reviews/{review}/like", post(review::like))
        .route("/wishlist", get(wishlist::page))
        // To buy.
        .route("/basket", get(basket::page))
        .route("/basket/add", post(basket::add))
        .route("/basket/change", post(basket::recount))
        .route("/basket/remove", post(basket::remove))
        .route("/checkout", get(checkout::delivery).post(checkout::deliver))
        .route(
            "/checkout/payment",
            get(checkout::payment).post(checkout::pay),
        )
        .route("/orders", get(order::all))
        .route("/orders/{order}", get(order::page))
        // To be somebody.
        .route("/sign-in", get(account::page).post(account::sign_in))
        .route("/sign-out", post(account::sign_out))
        .route("/in-the-lake", get(lake::page))
        // What pages are made with.
        .route("/static/{*path}", get(static_files::file))
        .fallback(nowhere)
        .layer(from_fn(guard::watch))
        .with_state(shop)
}

async fn nowhere() -> Response {
    Failure::NotFound.into_response()
}
