//! The server role: intake of many sensors, the API, notifications and retention.
