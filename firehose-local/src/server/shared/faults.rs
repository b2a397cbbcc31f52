//! What goes wrong on purpose, drawn and counted.

use super::{Count, Shared};
use crate::faults::{Drawn, Fate, Rates};

impl Shared {
    /// What goes wrong on purpose.
    pub(crate) fn faults(&self) -> Rates {
        self.dice.rates()
    }

    /// Lets other things go wrong from now on.
    pub(crate) fn set_faults(&self, rates: Rates) {
        tracing::info!(%rates, "faults on purpose");
        self.dice.set(rates);
    }

    pub(crate) fn draw_fate(&self) -> Drawn {
        let drawn = self.dice.call();
        let late = !drawn.delay.is_zero();
        self.counters.add(Count::SlowCalls, late.into());
        match drawn.fate {
            Fate::Cut => self.counters.add(Count::CutCalls, 1),
            Fate::Throttled => self.counters.add(Count::ThrottledCalls, 1),
            Fate::Lost => self.counters.add(Count::LostAnswers, 1),
            Fate::Served => {}
        }
        if drawn.fate != Fate::Cut {
            self.counters.add(Count::Calls, 1);
        }
        drawn
    }

    /// Whether a control call is none too many of its operation.
    pub(crate) fn takes_control(&self, operation: &str, region: &str) -> bool {
        let takes = self.dice.takes_control(operation, region, self.now());
        self.counters
            .add(Count::ThrottledControlCalls, (!takes).into());
        takes
    }

    pub(crate) fn draw_failure(&self) -> bool {
        let fails = self.dice.record_fails();
        self.counters.add(Count::FailedRecords, fails.into());
        fails
    }
}
