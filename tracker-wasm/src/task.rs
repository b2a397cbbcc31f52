//! What takes its time, run to its end: a future is polled when it is begun and whenever a promise
//! that it waits for is settled. A queue of the tasks that are ready, as `wasm-bindgen-futures` has
//! it, would be a page's bytes for an order that nothing here depends on.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Wake, Waker},
};

type Task = Pin<Box<dyn Future<Output = ()>>>;

thread_local! {
    /// The tasks that wait, by their numbers.
    static WAITING: RefCell<Vec<(u32, Task)>> = const { RefCell::new(Vec::new()) };
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// What wakes a task: a waker may go to another thread, a task may not.
struct Number(u32);

impl Wake for Number {
    fn wake(self: Arc<Self>) {
        // Promises tell of themselves when no Rust runs, so a task that is not there has ended.
        let task = WAITING.with_borrow_mut(|waiting| {
            let at = waiting.iter().position(|(number, _)| *number == self.0)?;
            Some(waiting.swap_remove(at).1)
        });
        if let Some(task) = task {
            poll(self.0, task);
        }
    }
}

fn poll(number: u32, mut task: Task) {
    let waker = Waker::from(Arc::new(Number(number)));
    let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
    if polled.is_pending() {
        WAITING.with_borrow_mut(|waiting| waiting.push((number, task)));
    }
}

/// Begins it at once.
pub fn begin(future: impl Future<Output = ()> + 'static) {
    let number = LAST.get().wrapping_add(1);
    LAST.set(number);
    poll(number, Box::pin(future));
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
