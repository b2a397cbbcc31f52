//! What takes its time, run to its end: a future is polled when it is begun and whenever a promise
//! that it waits for is settled. A queue of the tasks that are ready, as `wasm-bindgen-futures` has
//! it, would be a page's bytes for an order that nothing here depends on.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Wake, Waker},
};

struct Task(RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>);

#[allow(
    unsafe_code,
    reason = "a waker may go to another thread, and the module has one: a worker would need shared memory"
)]
// SAFETY: see the reason above.
unsafe impl Send for Task {}

#[allow(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for Task {}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        // Promises tell of themselves when no Rust runs, so the task is never inside itself.
        let Ok(mut future) = self.0.try_borrow_mut() else {
            return;
        };
        let waker = Waker::from(Arc::clone(&self));
        let polled = future
            .as_mut()
            .map(|future| future.as_mut().poll(&mut Context::from_waker(&waker)));
        if polled.is_some_and(|polled| polled.is_ready()) {
            *future = None;
        }
    }
}

/// Begins it at once.
pub fn begin(future: impl Future<Output = ()> + 'static) {
    Arc::new(Task(RefCell::new(Some(Box::pin(future))))).wake();
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc, task::Poll};

    use super::*;

    #[test]
    fn a_task_goes_on_when_it_is_woken_and_is_dropped_at_its_end() {
        let waker = Rc::new(Cell::new(None));
        let polls = Rc::new(Cell::new(0));
        let (keep, count) = (Rc::clone(&waker), Rc::clone(&polls));
        begin(async move {
            std::future::poll_fn(move |context| {
                count.set(count.get() + 1);
                keep.set(Some(context.waker().clone()));
                if count.get() < 3 {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
        });
        assert_eq!(polls.get(), 1, "begun at once");
        let wake = || waker.take().unwrap().wake();
        wake();
        wake();
        wake();
        assert_eq!(polls.get(), 3, "nothing after its end");
        assert_eq!(Rc::strong_count(&polls), 1, "dropped");
    }
}
