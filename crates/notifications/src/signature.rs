//! Signatures by Standard Webhooks.

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Secrets are read with and without padding, as they are handed around.
const SECRETS: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The value of `webhook-signature`: HMAC-SHA256 over `id.timestamp.body`. A secret that begins with `whsec_` is Base64
/// behind that, any other one is taken as it is.
pub fn signature(secret: &str, id: &str, seconds: i64, body: &[u8]) -> String {
    let key = secret.strip_prefix("whsec_").and_then(|text| SECRETS.decode(text).ok());
    let key = key.as_deref().unwrap_or(secret.as_bytes());
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
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
        let padded = |secret: &str| signature(secret, "a", 1, b"x");
        assert_eq!(padded("whsec_Zm8="), padded("whsec_Zm8"));
        assert_eq!(padded("whsec_Zm8"), padded("fo"), "RFC 4648");
        assert_ne!(padded("whsec_Zg!="), padded("f"), "not Base64: taken as it is");
        assert_ne!(signature("plain", "a", 1, b"x"), signature("plain", "a", 2, b"x"));
    }
}
