//! Bodies on their way, in and out: each says in the crowd whom is waited for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use super::crowd::Sign;

/// A request's body that must have arrived within a time.
#[derive(Debug)]
pub struct TimedBody {
    body: Incoming,
    limit: Duration,
    // Made when the body first keeps us waiting: most bodies arrive with their header.
    deadline: Option<Pin<Box<Sleep>>>,
    sign: Sign,
}

impl TimedBody {
    pub(super) fn new(body: Incoming, limit: Duration, sign: Sign) -> Self {
        Self {
            body,
            limit,
            deadline: None,
            sign,
        }
    }
}

/// An answer's body, which says when all of it was taken: from then on the next request is waited for.
#[derive(Debug)]
pub(super) struct AnswerBody {
    body: axum::body::Body,
    sign: Sign,
}

impl AnswerBody {
    pub(super) fn new(body: axum::body::Body, sign: Sign) -> Self {
        Self { body, sign }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.sign.waits_for_header();
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body did not arrive in time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the request's body took too long to arrive")]
pub struct BodyTimeout;

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.sign.works();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let limit = self.limit;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + limit)));
        let first_waited = deadline.deadline().checked_sub(limit);
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(BodyTimeout.into()))),
            Poll::Pending => {
                self.sign.waits_since(first_waited);
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
