//! Certificates that must be refused.

use std::io;

use super::authority::Authority;
use super::identity::Pem;

/// A key that is encrypted with the password `secret`, which nothing here needs:
/// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkcs8 -topk8 -v2 aes-256-cbc`
const ENCRYPTED_KEY: &str = include_str!("encrypted-key.pem");

/// What is wrong with a certificate or its key.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Flaw {
    /// It was valid until 2001.
    Expired,
    /// It is valid from the year 3000 on.
    NotYetValid,
    /// It is for `other.invalid`.
    OtherName,
    /// It is signed by an authority that nobody trusts.
    OtherAuthority,
    /// The key is that of another certificate. A server does not start with it.
    OtherKey,
    /// The key is encrypted. A server does not start with it.
    EncryptedKey,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Expired,
        Self::NotYetValid,
        Self::OtherName,
        Self::OtherAuthority,
        Self::OtherKey,
        Self::EncryptedKey,
    ];

    pub(super) fn issue(self, authority: &Authority, names: &[&str]) -> io::Result<Pem> {
        match self {
            Self::Expired => authority.issue_with(names, |params| {
                params.not_before = rcgen::date_time_ymd(2000, 1, 1);
                params.not_after = rcgen::date_time_ymd(2001, 1, 1);
            }),
            Self::NotYetValid => authority.issue_with(names, |params| {
                params.not_before = rcgen::date_time_ymd(3000, 1, 1);
                params.not_after = rcgen::date_time_ymd(3001, 1, 1);
            }),
            Self::OtherName => authority.issue(&["other.invalid"]),
            // It has the same name, so only the signature tells.
            Self::OtherAuthority => Authority::new("redis-components test authority")?.issue(names),
            Self::OtherKey => Ok(Pem {
                key: authority.issue(names)?.key,
                ..authority.issue(names)?
            }),
            Self::EncryptedKey => Ok(Pem {
                key: ENCRYPTED_KEY.to_owned(),
                ..authority.issue(names)?
            }),
        }
    }
}
