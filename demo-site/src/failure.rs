//! Why a page could not be shown, and what the visitor is told instead.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, html};

use crate::routes::{Page, SHOP};
use crate::store::StoreError;

/// Why a page could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is no such page, book, order or review.
    #[error("there is no such page")]
    NotFound,
    /// The form came from another site.
    #[error("this form did not come from the shop's own pages; open the page again and retry")]
    ForeignForm,
    /// The form says something that the shop's own form cannot say.
    #[error("the form could not be read: {0}")]
    BadForm(String),
    /// The page needs somebody to be signed in.
    #[error("this page needs a reader to be signed in")]
    SignedOut,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lake's folder could not be read.
    #[error("the lake could not be read: {0}")]
    Lake(#[from] std::io::Error),
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::ForeignForm | Self::SignedOut => StatusCode::FORBIDDEN,
            Self::BadForm(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Store(_) | Self::Lake(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn told(&self) -> (&'static str, String) {
        match self {
            Self::NotFound => (
                "Not on any shelf",
                "We looked behind the ladder too. It may have been lent, or never written.".into(),
            ),
            Self::Store(_) | Self::Lake(_) => (
                "The shop has a problem",
                "Nothing you did. Try again in a moment; the shop's log says what happened.".into(),
            ),
            told => ("That did not work", told.to_string()),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = %self, "a page could not be shown");
        }
        let (title, text) = self.told();
        let page = html! {
            (DOCTYPE)
            html lang="en-GB" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) " · " (SHOP) }
                    link rel="stylesheet" href="/static/shop.css";
                }
                body {
                    main.narrow.lost {
                        h1 { (title) }
                        p { (text) }
                        p { a.button href=(Page::Home.path()) { "Back to the shelves" } }
                    }
                }
            }
        };
        (status, Html(page.into_string())).into_response()
    }
}
