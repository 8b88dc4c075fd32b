//! Errors of reading or generating a private key.

/// A private key that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is neither a JWK nor a PEM document, or it is incomplete.
    #[error("the private key is neither a complete JWK nor a complete PEM document; copy the whole key")]
    NotAKey,
    /// The key is the public key.
    #[error("this is a public key, without \"{0}\"; use the private key, which Okta shows only once")]
    PublicOnly(&'static str),
    /// The text is a certificate.
    #[error("this is a certificate; use its private key")]
    Certificate,
    /// The key is encrypted with a password.
    #[error(
        "the private key is encrypted; decrypt it with `openssl pkey -in encrypted.pem -out key.pem`, and protect \
         the new file"
    )]
    Encrypted,
    /// The text contains more than one private key.
    #[error("found {0} private keys; use the one whose public key is registered in the app")]
    SeveralKeys(usize),
    /// Okta doesn't accept the type of the key.
    #[error("keys of type \"{0}\" aren't supported; Okta accepts RSA and EC keys")]
    WrongType(String),
    /// The key isn't for signatures.
    #[error("the key has the use \"{0}\"; use a key for signatures (\"use\": \"sig\")")]
    WrongUse(String),
    /// Okta doesn't accept the algorithm, or it doesn't match the key.
    #[error("the algorithm \"{0}\" doesn't match the key, or Okta doesn't accept it; use RS256 or ES256")]
    WrongAlgorithm(String),
    /// The key is too short.
    #[error("the RSA key has {0} bits; Okta requires at least 2048")]
    TooShort(u32),
    /// A member is missing or doesn't match the others.
    #[error("the private key is damaged: {0}; copy the whole key again")]
    Damaged(String),
    /// The random number generator of the system failed.
    #[error("could not generate a key pair: the random number generator of the system failed")]
    NotGenerated,
}
