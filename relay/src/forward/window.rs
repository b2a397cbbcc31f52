//! How many calls are under way at once: one more for each window of successes, half as many
//! after a throttle (AIMD), so that several relays share a stream's limit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[derive(Debug)]
struct State {
    limit: f64,
    under_way: usize,
    /// Grows with each halving: calls sent before it do not halve again.
    halvings: u64,
}

/// The window; cheap to clone.
#[derive(Debug, Clone)]
pub struct Window {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    most: f64,
    state: Mutex<State>,
    changed: Notify,
}

/// The right to make one call; dropping it gives the place back.
#[derive(Debug)]
pub struct Place {
    window: Window,
    halvings: u64,
}

impl Window {
    /// From one call at a time up to `most`.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let most = u32::try_from(most).unwrap_or(u32::MAX).max(1);
        Self {
            inner: Arc::new(Inner {
                most: f64::from(most),
                state: Mutex::new(State {
                    limit: 1.0,
                    under_way: 0,
                    halvings: 0,
                }),
                changed: Notify::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.inner.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls that may be under way.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and `most`, which was a usize"
    )]
    pub fn limit(&self) -> usize {
        self.state().limit as usize
    }

    /// Waits for a place.
    pub async fn place(&self) -> Place {
        loop {
            let changed = self.inner.changed.notified();
            let limit = self.limit();
            {
                let mut state = self.state();
                if state.under_way < limit {
                    state.under_way += 1;
                    return Place {
                        window: self.clone(),
                        halvings: state.halvings,
                    };
                }
            }
            changed.await;
        }
    }
}

impl Place {
    /// The call was taken whole.
    pub fn succeeded(self) {
        let mut state = self.window.state();
        state.limit = (state.limit + 1.0 / state.limit).min(self.window.inner.most);
    }

    /// The call, or a part of it, was throttled.
    pub fn throttled(self) {
        let mut state = self.window.state();
        if state.halvings == self.halvings {
            state.limit = (state.limit / 2.0).max(1.0);
            state.halvings += 1;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.window.state().under_way -= 1;
        // All of them look: the limit may have grown by more than this one place.
        self.window.inner.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn places(window: &Window) -> Vec<Place> {
        std::iter::from_fn(|| window.place().now_or_never()).collect()
    }

    #[test]
    fn it_grows_by_one_a_window_and_halves_once_a_throttle() {
        let window = Window::new(4);
        for expected in [1, 2, 3, 4, 4] {
            let taken = places(&window);
            assert_eq!(taken.len(), expected);
            // One window of successes, and the rounding of the last.
            taken.into_iter().for_each(Place::succeeded);
            for place in places(&window).into_iter().take(1) {
                place.succeeded();
            }
        }
        for place in places(&window) {
            place.throttled();
        }
        assert_eq!(window.limit(), 2);
        for _ in 0..3 {
            places(&window).into_iter().for_each(Place::throttled);
        }
        assert_eq!(window.limit(), 1);
        assert_eq!(places(&window).len(), 1);
    }

    #[tokio::test]
    async fn a_place_given_back_wakes_who_waits() {
        let window = Window::new(1);
        let first = window.place().await;
        let waiting = tokio::spawn({
            let window = window.clone();
            async move { window.place().await.succeeded() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.unwrap();
    }
}
