//! `okta-insight keygen`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use sync_service::KeyKind;
use sync_service::init::generate_key;

use crate::args::Output;
use crate::output::{Outcome, print_json};

#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// Where the private key (JWK) is written, for its owner alone.
    #[arg(long, value_name = "FILE", default_value = "okta-insight.jwk")]
    out: PathBuf,
    /// The length of the RSA key.
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(2048..=8192))]
    bits: u32,
    /// An EC key on this curve instead of an RSA key.
    #[arg(long, value_name = "CURVE", conflicts_with = "bits")]
    ec: Option<Curve>,
    /// Replace the file if it exists. A key that Okta knows is lost then.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Curve {
    #[value(name = "P-256")]
    P256,
    #[value(name = "P-384")]
    P384,
    #[value(name = "P-521")]
    P521,
}

pub(crate) async fn run(args: &Keygen, output: Output) -> Outcome {
    let kind = match args.ec {
        None => KeyKind::Rsa(args.bits),
        Some(Curve::P256) => KeyKind::P256,
        Some(Curve::P384) => KeyKind::P384,
        Some(Curve::P521) => KeyKind::P521,
    };
    let key = generate_key(kind, &args.out, args.force).await?;
    match output {
        Output::Json => print_json(&key)?,
        // The key alone, so that it can go to the clipboard or a file.
        Output::Text => print_json(&key.public_jwk)?,
    }
    eprintln!("The private key is in {}; only its owner may read it.", key.private_key_file.display());
    eprintln!(
        "Register the public key above in Okta: Applications, the app, General, Client Credentials: Public key / \
         Private key, Add key."
    );
    Ok(ExitCode::SUCCESS)
}
