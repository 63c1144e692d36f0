//! The store of many servers: PostgreSQL, partitioned by month.
