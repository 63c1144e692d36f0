//! Who is asking and what they may do: roles, tokens, service-account keys, OpenID Connect and Kubernetes tokens.
