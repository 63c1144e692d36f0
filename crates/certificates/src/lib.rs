//! Whom a connection is with: the own authority, certificates of servers and nodes, their revocation, and TLS listeners.
