//! Failures to read or create a private key.

/// A private key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is neither a JWK nor a PEM document, or it breaks off.
    #[error("the private key is neither a complete JSON Web Key nor a complete PEM document; copy all of it")]
    NotAKey,
    /// It is the public key, which is registered in Okta.
    #[error(
        "this is only the public key, which has no \"{0}\"; give the private one, which Okta shows once when it generates the key"
    )]
    PublicOnly(&'static str),
    /// The certificate of a key.
    #[error("this is a certificate, which holds no private key; give the private key that belongs to it")]
    Certificate,
    /// A key that a password protects.
    #[error(
        "the private key is encrypted; decrypt it first: `openssl pkey -in encrypted.pem -out key.pem`, and keep the result as safe as the password"
    )]
    Encrypted,
    /// More than one private key.
    #[error("this holds {0} private keys; give the one whose public key is registered at the app")]
    SeveralKeys(usize),
    /// A kind of key that Okta doesn't accept.
    #[error("a key of type \"{0}\" cannot be used; Okta accepts RSA and EC keys")]
    WrongType(String),
    /// A key for another use than signatures.
    #[error("the key is meant for \"{0}\"; register one for signatures (\"use\": \"sig\")")]
    WrongUse(String),
    /// An algorithm that Okta doesn't accept, or that doesn't fit the key.
    #[error(
        "the key is meant for the algorithm \"{0}\", which doesn't fit it or which Okta doesn't accept; use RS256 or ES256"
    )]
    WrongAlgorithm(String),
    /// Too short to be safe.
    #[error("the RSA key has {0} bits; Okta wants 2048 or more")]
    TooShort(u32),
    /// A member is missing or does not fit the others.
    #[error("the private key is damaged: {0}; copy it again, all of it")]
    Damaged(String),
    /// The system has no randomness.
    #[error("no key pair could be generated: the system gives no randomness")]
    NotGenerated,
}
