//! Who is let in, who is not, and why: one program, so that it is linked once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

#[path = "identity/access.rs"]
mod access;
#[path = "identity/google_auth.rs"]
mod google_auth;
#[path = "identity/provider.rs"]
mod provider;
#[path = "identity/signed.rs"]
mod signed;
