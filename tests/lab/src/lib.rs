//! The one harness: real processes, real browsers, a temp folder each.
