//! The wire contract: REST in the shape of Security Command Center.
