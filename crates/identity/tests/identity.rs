//! Who is let in, who is not, and why: one program, so that it is linked once.

#[path = "identity/access.rs"]
mod access;
#[path = "identity/google_auth.rs"]
mod google_auth;
#[path = "identity/provider.rs"]
mod provider;
#[path = "identity/signed.rs"]
mod signed;
