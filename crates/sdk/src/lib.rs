//! The AWS SDK as every part of this project uses it: one set of features, one HTTP client.
//!
//! Whoever makes an SDK client depends on this crate, so that the SDK is compiled once, whichever package is named to
//! cargo (`crates/contract/tests/one_build.rs`).

use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

/// The configuration that every client is made from: region, credentials and endpoint of the environment or the
/// profile, and HTTPS by rustls with `ring`.
///
/// The SDK's own default is aws-lc, C and assembly that compiles for 24 s (`cargo build --timings`, two cores); `ring`
/// takes 5.
#[must_use]
pub fn configuration() -> ConfigLoader {
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest()).http_client(client)
}

/// The same, and certificates that one of `pem` signed are trusted beside those that the system trusts.
///
/// # Errors
/// The sentence for what is no certificate.
pub fn configuration_trusting(pem: &[u8]) -> Result<ConfigLoader, String> {
    let trust = TrustStore::default().with_native_roots(true).with_pem_certificate(pem);
    let context = TlsContext::builder().with_trust_store(trust).build().map_err(|error| error.to_string())?;
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https();
    Ok(aws_config::defaults(BehaviorVersion::latest()).http_client(client))
}
