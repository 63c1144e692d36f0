//! Signatures by Standard Webhooks.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::base64;

/// The value of `webhook-signature`: HMAC-SHA256 over `id.timestamp.body`. A secret that begins with `whsec_` is Base64
/// behind that, any other one is taken as it is.
pub fn signature(secret: &str, id: &str, seconds: i64, body: &[u8]) -> String {
    let key = secret.strip_prefix("whsec_").and_then(base64::decode);
    let key = key.as_deref().unwrap_or(secret.as_bytes());
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    format!("v1,{}", base64::encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn the_example_of_standard_webhooks() {
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_ne!(signature("plain", "a", 1, b"x"), signature("plain", "a", 2, b"x"));
    }
}
