//! The proxy between the functions and the local AWS, on which AWS has a bad day.

use std::collections::BTreeMap;

/// Sets the rates of the proxy between the functions and the local AWS; returns how often each fault happened so far.
///
/// # Panics
/// Where there is no proxy: only `make test` and `make chaos` run the functions behind one.
pub async fn faults(rates: &'static str) -> BTreeMap<String, u64> {
    let endpoint = std::env::var("FUNCTIONS_ENDPOINT_URL").expect("`make test` and `make chaos` set it");
    let call = reqwest::Client::new().put(format!("{endpoint}/_faults")).body(rates);
    call.send().await.expect("the proxy answers").json().await.expect("the proxy counts")
}
