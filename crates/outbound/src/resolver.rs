//! Resolves names without the rejected addresses. Only the checked addresses are connected to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use crate::address::{PrivateAddress, Reach, is_localhost};

/// A resolver that leaves out private addresses, except those of the proxies.
pub(crate) struct PublicOnly {
    /// The names of the proxies, which the operator chose.
    pub(crate) proxies: Arc<[String]>,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let (name, proxies) = (name.as_str().to_owned(), Arc::clone(&self.proxies));
        Box::pin(async move {
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            if proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(&name)) {
                return Ok(Box::new(found.into_iter()) as Addrs);
            }
            Ok(Box::new(allowed(&name, found)?.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a name that may be connected to. Some are enough.
fn allowed(
    name: &str,
    found: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    let here = is_localhost(name);
    let (allowed, refused): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|found| match Reach::of(found.ip()) {
            Reach::Public => true,
            Reach::Loopback => here,
            Reach::Private => false,
        });
    match (allowed.is_empty(), refused.first()) {
        (false, _) => Ok(allowed),
        (true, Some(refused)) => Err(PrivateAddress { host: name.to_owned(), address: refused.ip() }.into()),
        (true, None) => Err(io::Error::from(io::ErrorKind::NotFound).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn names_keep_their_public_addresses() {
        let mixed = addresses(&["10.0.0.1", "93.184.216.34", "fd00::1", "127.0.0.1"]);
        assert_eq!(allowed("acme.example", mixed).unwrap(), addresses(&["93.184.216.34"]));
        let error = allowed("acme.example", addresses(&["10.0.0.1"])).unwrap_err();
        assert!(error.downcast_ref::<PrivateAddress>().is_some_and(|e| e.address.to_string() == "10.0.0.1"));
    }

    #[test]
    fn loopback_is_for_localhost_alone() {
        let here = addresses(&["127.0.0.1", "::1"]);
        assert_eq!(allowed("localhost", here.clone()).unwrap(), here);
        assert!(allowed("rebound.example", here).is_err());
        assert!(allowed("localhost", addresses(&["10.0.0.1"])).is_err());
    }
}
