//! Telling those that waited for a commit what became of their appends.
//!
//! Where a task is woken by another thread, that thread takes the runtime's lock, and its worker may
//! take the processor from it: after a commit that would happen for each of all that waited. So a
//! commit's answers cross over as one, to a task of the runtime's own that gives them out there.

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::{AppendError, Stored};

/// What became of an append.
pub type Told = Result<Vec<Stored>, AppendError>;

/// An append's answer, on its way to who waits for it.
#[derive(Debug)]
pub struct Answer {
    pub(super) waiter: oneshot::Sender<Told>,
    pub(super) told: Told,
}

impl Answer {
    /// Wakes who waits; one who went away is nobody's loss.
    fn give(self) {
        let _ = self.waiter.send(self.told);
    }
}

/// Gives the answers of whole commits.
#[derive(Debug, Default)]
pub struct Teller(Option<mpsc::UnboundedSender<Vec<Answer>>>);

impl Teller {
    /// In the runtime that this is called in; without one, by whoever tells.
    #[must_use]
    pub fn start() -> Self {
        let Ok(runtime) = Handle::try_current() else {
            return Self(None);
        };
        let (commits, mut answers) = mpsc::unbounded_channel::<Vec<Answer>>();
        runtime.spawn(async move {
            while let Some(commit) = answers.recv().await {
                commit.into_iter().for_each(Answer::give);
            }
        });
        Self(Some(commits))
    }

    /// Gives a commit's answers, and says how many they were.
    pub fn tell(&self, answers: Vec<Answer>) -> usize {
        let count = answers.len();
        let left = match &self.0 {
            // A lone one is woken as quickly from here; and the runtime may have ended.
            Some(commits) if count > 1 => match commits.send(answers) {
                Ok(()) => Vec::new(),
                Err(mpsc::error::SendError(answers)) => answers,
            },
            _ => answers,
        };
        left.into_iter().for_each(Answer::give);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Asked = oneshot::Receiver<Told>;

    fn commit(size: usize) -> (Vec<Answer>, Vec<Asked>) {
        let told = || Ok(vec![Stored::New]);
        let pairs = (0..size).map(|_| {
            let (waiter, asked) = oneshot::channel();
            let told = told();
            (Answer { waiter, told }, asked)
        });
        pairs.unzip()
    }

    fn all_told(asked: &mut [Asked]) -> bool {
        let mut each = asked.iter_mut().map(|one| one.try_recv().is_ok());
        each.all(|told| told)
    }

    #[test]
    fn without_a_runtime_they_are_told_at_once() {
        for size in [0, 1, 3] {
            let (answers, mut asked) = commit(size);
            assert_eq!(Teller::start().tell(answers), size);
            assert!(all_told(&mut asked), "{size}");
        }
    }

    #[tokio::test]
    async fn in_a_runtime_all_of_a_commit_are_told() {
        let teller = Teller::start();
        let (answers, asked) = commit(3);
        assert_eq!(teller.tell(answers), 3);
        for one in asked {
            assert_eq!(one.await.unwrap(), Ok(vec![Stored::New]));
        }
    }

    #[test]
    fn what_a_runtime_that_ended_does_not_tell_is_told_all_the_same() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let teller = {
            let _inside = runtime.enter();
            Teller::start()
        };
        drop(runtime);
        let (answers, mut asked) = commit(3);
        teller.tell(answers);
        assert!(all_told(&mut asked));
    }

    #[tokio::test]
    async fn who_went_away_keeps_nobody_waiting() {
        let (answers, mut asked) = commit(3);
        drop(asked.remove(1));
        Teller::start().tell(answers);
        for one in asked {
            assert!(one.await.is_ok());
        }
    }
}
