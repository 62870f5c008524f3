//! What a TLS connection to a source trusts: ring's ciphers and the system's certificates.
//!
//! Made for each connection and handed over, so that nothing in this house depends on a provider
//! that somebody installed for the whole process.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where Debian, Red Hat and Alpine keep the certificates that they trust.
const BUNDLES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(
        "no trusted certificates found: install ca-certificates, or name a PEM file in SSL_CERT_FILE"
    )]
    NoRoots,
    #[error("{0}")]
    Setup(#[from] rustls::Error),
}

/// Settings for a client, with the certificates of `SSL_CERT_FILE` or else of the system.
///
/// # Errors
/// A system without certificates.
pub fn client_config() -> Result<ClientConfig, TlsError> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let places: Vec<PathBuf> = match named {
        Some(path) => vec![path],
        None => BUNDLES.iter().map(PathBuf::from).collect(),
    };
    let roots = places
        .iter()
        .map(|path| roots_of(path))
        .find(|roots| !roots.is_empty())
        .ok_or(TlsError::NoRoots)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The certificates of a PEM file; those that cannot be read are left out.
fn roots_of(path: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    if let Ok(certificates) = CertificateDer::pem_file_iter(path) {
        roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_gives_no_trust() {
        assert!(roots_of(Path::new("/does/not/exist")).is_empty());
        assert!(roots_of(Path::new("/etc/hostname")).is_empty());
    }
}
