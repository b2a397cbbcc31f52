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
    /// Something was not recorded; the reason says why.
    IGNORED = "ignored", ();
    /// An event waits in memory for the visitor's decision.
    HELD = "held", ();
    /// The event before was recorded without an element's text and `href`.
    MASKED = "masked", ();
    /// A plugin dropped an event or threw; the reason begins with its name.
    PLUGIN = "plugin", ();
    /// The relay's answer to a batch, where it has not stored it.
    ANSWERED = "answered", ();
    /// An error that the page does not notice.
    FAILED = "failed", ();
    /// The tracker does not run.
    STOPPED = "stopped", ();
}
