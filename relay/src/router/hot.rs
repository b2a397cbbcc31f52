//! The routes that take events, met before any router looks for them: no table of routes, no layers,
//! no box around body or answer.
//!
//! Everything else, a preflight and a path that is not quite right too, is the router's.

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use http::{Method, Request, header};

use super::readable::readable;
use super::rooms::Rooms;
use crate::http::{Answers, TimedBody};
use crate::intake::dialect::{self, Form};

/// A program's router, with the relay's hot routes in front of it.
#[derive(Clone, Debug)]
pub struct Hot {
    rooms: Arc<Rooms>,
    routes: Arc<[(&'static str, Form)]>,
    rest: Router,
}

impl Hot {
    pub(crate) fn new(rooms: Arc<Rooms>, rest: Router) -> Self {
        let routes = dialect::routes().collect();
        Self {
            rooms,
            routes,
            rest,
        }
    }

    fn form(&self, request: &Request<TimedBody>) -> Option<Form> {
        if request.method() != Method::POST {
            return None;
        }
        let path = request.uri().path();
        let found = self.routes.iter().find(|(route, _)| *route == path);
        found.map(|(_, form)| *form)
    }
}

impl Answers for Hot {
    async fn answer(&mut self, request: Request<TimedBody>) -> Response {
        let Some(form) = self.form(&request) else {
            return self.rest.answer(request).await;
        };
        let origin = request.headers().get(header::ORIGIN).cloned();
        let response = self.rooms.intake.take(form, request).await;
        readable(origin.as_ref(), response)
    }
}
