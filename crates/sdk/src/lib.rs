//! The AWS SDK as every part of this project uses it: one set of features, one HTTP client.
//!
//! Whoever makes an SDK client depends on this crate, so that the SDK is compiled once, whichever package is named to
//! cargo (`crates/contract/tests/one_build.rs`).

use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

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
