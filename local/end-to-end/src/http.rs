//! The HTTP API of the deployment, as a client on the other side of the gateway sees it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde_json::Value;

use crate::PATIENCE;

/// The API with its token.
#[derive(Debug)]
pub struct Api {
    client: Client,
    url: Url,
    token: String,
}

impl Api {
    /// The API that `make test` deployed.
    ///
    /// # Panics
    /// Where it did not.
    #[must_use]
    pub fn connect() -> Self {
        let variable =
            |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test`"));
        let url: Url = variable("API_URL").parse().expect("an URL");
        let host = url.host_str().expect("an URL with a host");
        // Not every resolver knows that names below `localhost` are this machine.
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, url.port().unwrap_or(80)));
        let client = Client::builder().resolve(host, here).redirect(redirect::Policy::none()).build();
        Self { client: client.expect("a client"), token: variable("API_TOKEN"), url }
    }

    /// A request with the token. `path` is escaped already.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.token)
    }

    /// A request without it.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.url.as_str().trim_end_matches('/'));
        self.client.request(method, url)
    }

    /// A request to an absolute URL, such as a presigned one.
    pub fn elsewhere(&self, method: Method, url: &str) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// GET until it is no longer "in work".
    ///
    /// # Panics
    /// If it is for too long, or the API does not answer.
    pub async fn when_done(&self, path: &str) -> Response {
        let started = Instant::now();
        loop {
            let answer = self.request(Method::GET, path).send().await.expect("the API answers");
            if answer.status() != StatusCode::ACCEPTED {
                return answer;
            }
            assert!(answer.headers().contains_key("retry-after"), "{path}: when to ask again");
            assert!(started.elapsed() < PATIENCE, "{path} is in work for {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Status and body of a problem; checks that the two agree.
///
/// # Panics
/// If it is none as RFC 9457 has it.
pub async fn problem(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let content_type = answer.headers()["content-type"].to_str().expect("ASCII").to_owned();
    let text = answer.text().await.expect("the body arrives");
    assert_eq!(content_type, "application/problem+json", "{status}: {text}");
    let body: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(body["status"], status, "{body}");
    (status, body)
}
