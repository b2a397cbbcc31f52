//! News: what becomes of each event, told to the document where somebody has asked (`data-debug`).

words! { ();
    /// An event is recorded.
    QUEUED = "queued", ();
    /// It is on its way.
    SENT = "sent", ();
    /// The relay has stored it.
    ACKNOWLEDGED = "acknowledged", ();
    /// It is given up; the reason says why.
    REJECTED = "rejected", ();
    /// An error that the page does not notice.
    FAILED = "failed", ();
    /// The tracker does not run.
    STOPPED = "stopped", ();
}
