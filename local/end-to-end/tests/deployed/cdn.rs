//! Thumbnails by CloudFront, as anybody on the web gets them. On the local AWS a distribution is reached by its name in the
//! Host header.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::io::Cursor;

use end_to_end::Deployment;
use reqwest::{Client, Response};

/// What a browser gets of `path`, without credentials.
async fn get(host: &str, path: &str) -> Response {
    let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap();
    Client::new().get(format!("{endpoint}{path}")).header("host", host).send().await.unwrap()
}

#[tokio::test]
async fn a_distribution_serves_thumbnails_and_nothing_else_and_the_bucket_nobody() {
    let deployment = Deployment::connect().await;
    let url = std::env::var("CDN_URL").expect("`make test` sets it");
    let distribution = url.trim_start_matches("https://");
    let key = "cdn/red flower+1.png";
    let mut png = Vec::new();
    image::RgbImage::new(300, 200).write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    deployment.upload(key, "image/png", png).await;
    let thumbnail = deployment.thumbnail(&format!("{key}/128x128.jpg")).await;

    // The URL as `thumbtier validate` shows its pattern.
    let path = "/cdn/red%20flower%2B1.png/128x128.jpg";
    let served = get(distribution, path).await;
    assert_eq!(served.status(), 200);
    assert_eq!(served.headers()["content-type"], "image/jpeg");
    assert_eq!(served.headers()["cache-control"], thumbnail.cache_control.as_str());
    assert_eq!(served.bytes().await.unwrap(), thumbnail.bytes);

    deployment.upload("cdn/notes.txt", "text/plain", b"hello".to_vec()).await;
    let ending = contract::Ending::key_of("cdn/notes.txt").unwrap();
    deployment.ending("cdn/notes.txt").await;
    for private in [format!("/{ending}"), "/cdn/never-made.png/128x128.jpg".to_owned(), "/".to_owned()] {
        assert_eq!(get(distribution, &private).await.status(), 403, "{private}");
    }
    let bucket = format!("/{}{path}", deployment.destination_bucket);
    let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap();
    assert_eq!(reqwest::get(format!("{endpoint}{bucket}")).await.unwrap().status(), 403, "past the distribution");
}
