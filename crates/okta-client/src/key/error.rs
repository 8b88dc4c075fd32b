//! Failures to read or make a private key.

/// A private key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is neither a JWK nor a PEM document, or it breaks off.
    #[error("the private key is neither a complete JWK nor a complete PEM document; copy the whole key")]
    NotAKey,
    /// It is the half that belongs into Okta.
    #[error("this is a public key, without \"{0}\"; use the private key, which Okta shows only once")]
    PublicOnly(&'static str),
    /// The certificate of a key.
    #[error("this is a certificate; use its private key")]
    Certificate,
    /// A key that a password protects.
    #[error(
        "the private key is encrypted; decrypt it with `openssl pkey -in encrypted.pem -out key.pem`, and protect \
         the new file"
    )]
    Encrypted,
    /// More than one private key.
    #[error("found {0} private keys; use the one whose public key is registered in the app")]
    SeveralKeys(usize),
    /// A kind of key that Okta doesn't accept.
    #[error("keys of type \"{0}\" aren't supported; Okta accepts RSA and EC keys")]
    WrongType(String),
    /// A key for another use than signatures.
    #[error("the key has the use \"{0}\"; use a key for signatures (\"use\": \"sig\")")]
    WrongUse(String),
    /// An algorithm that Okta doesn't accept, or that doesn't fit the key.
    #[error("the algorithm \"{0}\" doesn't match the key, or Okta doesn't accept it; use RS256 or ES256")]
    WrongAlgorithm(String),
    /// Too short to be safe.
    #[error("the RSA key has {0} bits; Okta requires at least 2048")]
    TooShort(u32),
    /// A member is missing or does not fit the others.
    #[error("the private key is damaged: {0}; copy the whole key again")]
    Damaged(String),
    /// The system has no randomness to give.
    #[error("could not generate a key pair: the random number generator of the system failed")]
    NotGenerated,
}
