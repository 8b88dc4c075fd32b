//! `okta-insight keygen`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use sync_config::KeyKind;
use sync_config::init::generate_key;

use crate::args::Output;
use crate::args::values::key_size;
use crate::output::{Outcome, print_json};

#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// File for the private key (JWK). Only its owner can read it
    #[arg(long, value_name = "FILE", default_value = "okta-insight.jwk")]
    out: PathBuf,
    /// Size of the RSA key in bits, from 2048 to 8192
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = key_size)]
    bits: u32,
    /// Generate an EC key on this curve instead of an RSA key
    #[arg(long, value_name = "CURVE", conflicts_with = "bits")]
    ec: Option<Curve>,
    /// Replace an existing file. Its key is lost, even if the app in Okta uses it
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
        // The key alone, for the clipboard or a file.
        Output::Text => print_json(&key.public_jwk)?,
    }
    eprintln!("The private key is in {}. Only its owner can read it.", key.private_key_file.display());
    eprintln!(
        "Add the public key above to the app: in the Okta Admin Console, go to Applications > Applications, select the \
         app, and open General. Under Client Credentials, select Public key / Private key and then Add key."
    );
    Ok(ExitCode::SUCCESS)
}
