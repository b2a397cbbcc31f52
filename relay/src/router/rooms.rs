//! What the routes look at.

use std::sync::{Arc, OnceLock};

use crate::access::Access;
use crate::clock::Clock;
use crate::forward::counters;
use crate::health::{Door, Readiness};
use crate::intake::Intake;
use crate::live::Live;
use crate::rejected::Keeper;

/// What the routes look at.
#[derive(Debug)]
pub struct Rooms {
    /// Takes events.
    pub intake: Intake,
    /// Whether it may.
    pub door: Arc<Door>,
    /// What it refused.
    pub keeper: Arc<Keeper>,
    /// Shows it all.
    pub live: Arc<Live>,
    /// Who may see the operator's routes.
    pub access: Access,
    /// Readiness ends when the oldest waiting event is older.
    pub oldest_allowed_ms: u64,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The certificate that is shown, if this relay ends TLS itself.
    #[cfg(feature = "tls")]
    pub tls: Option<crate::http::tls::Tls>,
    /// What forwarding has done, if the sink is a lake or a stream.
    pub stream: OnceLock<Arc<counters::Counters>>,
}

impl Rooms {
    /// Whether events are taken and delivered.
    pub fn readiness(&self) -> Readiness {
        let forwarded = self.stream.get().map(Arc::as_ref);
        let now_ms = self.clock.now_ms();
        Readiness::of(&self.door, forwarded, now_ms, self.oldest_allowed_ms)
    }
}
