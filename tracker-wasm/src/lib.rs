//! The browser SDK: page views and clicks as nested events.
