//! Signature Version 4 of AWS, for a presigned GET without a body.

use std::fmt::Write as _;
use std::time::SystemTime;

use hmac_sha256::{HMAC, Hash};

/// Who signs.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    /// For keys that expire.
    pub(crate) session_token: Option<String>,
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) parameters: &'a [(&'a str, &'a str)],
    /// The hash of the body, or what stands for it.
    pub(crate) payload: &'a str,
    pub(crate) at: SystemTime,
    pub(crate) seconds: u64,
}

/// The hash of an empty body.
pub(crate) const NO_BODY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Returns the path and query of the presigned request.
pub(crate) fn presign(keys: &Keys, request: &Request<'_>) -> String {
    // 2013-05-24T00:00:00Z is written 20130524T000000Z.
    let time = humantime::format_rfc3339_seconds(request.at).to_string();
    let time = time.replace(['-', ':'], "");
    let date = time.split('T').next().unwrap_or_default();
    let scope = format!("{date}/{}/{}/aws4_request", request.region, request.service);

    let credential = format!("{}/{scope}", keys.access_key);
    let seconds = request.seconds.to_string();
    let mut parameters = request.parameters.to_vec();
    parameters.extend([
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", &credential),
        ("X-Amz-Date", &time),
        ("X-Amz-Expires", &seconds),
        ("X-Amz-SignedHeaders", "host"),
    ]);
    if let Some(token) = &keys.session_token {
        parameters.push(("X-Amz-Security-Token", token));
    }
    let mut encoded: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)))
        .collect();
    encoded.sort_unstable();
    let query = encoded.join("&");

    let canonical = format!(
        "GET\n{}\n{query}\nhost:{}\n\nhost\n{}",
        request.path, request.host, request.payload
    );
    let hash = hex(&Hash::hash(canonical.as_bytes()));
    let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{hash}");
    let first = format!("AWS4{}", keys.secret_key);
    let key = [date, request.region, request.service, "aws4_request"]
        .into_iter()
        .fold(first.into_bytes(), |key, part| {
            HMAC::mac(part, key).to_vec()
        });
    let signature = hex(&HMAC::mac(to_sign, key));
    format!("{}?{query}&X-Amz-Signature={signature}", request.path)
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
