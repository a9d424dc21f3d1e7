//! The HTTP API on the local AWS, through its gateway: both ways in, every answer.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::io::Cursor;

use contract::TierTable;
use end_to_end::{Api, Deployment, flat_webp, gzip, problem, webp_over};
use image::{ImageFormat, Rgb, RgbImage};
use reqwest::Method;
use serde_json::{Value, json};

use crate::nothing_lost::event;

fn png(shade: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    RgbImage::from_pixel(300, 200, Rgb([shade, 0, 0]))
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .unwrap();
    bytes
}

async fn size_of(answer: reqwest::Response) -> (u32, u32) {
    let image = image::load_from_memory(&answer.bytes().await.unwrap()).unwrap();
    (image.width(), image.height())
}

#[tokio::test]
async fn one_request_gets_its_thumbnail_from_each_tier() {
    let api = Api::connect();
    // The last is too much for the two smaller tiers, which their workers find out: it goes up and is waited for.
    let over_small =
        TierTable::builtin().unwrap().get("small").unwrap().max_object_bytes(Some(contract::ImageFormat::Webp));
    let images =
        [("small", webp_over(100_000)), ("medium", webp_over(over_small)), ("large", flat_webp(10_800, 10_800))];
    for (tier, image) in images {
        let path = format!("/images/http/{tier}.webp");
        let call = api.request(Method::PUT, &path).header("content-type", "image/webp").header("prefer", "wait=25");
        let answer = call.body(image).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{tier}: {}", answer.text().await.unwrap());
        assert_eq!(answer.headers()["content-type"], "image/jpeg");
        assert_eq!(answer.headers()["preference-applied"], "wait");
        let location = answer.headers()["content-location"].to_str().unwrap().to_owned();
        let etag = answer.headers()["etag"].clone();
        let (width_px, height_px) = size_of(answer).await;
        assert!(width_px.max(height_px) == 128, "{tier}: {width_px}x{height_px}");
        // It is stored like any other, and the status knows what made it.
        let stored = api.request(Method::GET, &location).send().await.unwrap();
        assert_eq!((stored.status().as_u16(), &stored.headers()["etag"]), (200, &etag), "{tier}");
        let status: Value =
            api.request(Method::GET, &format!("/status/http/{tier}.webp")).send().await.unwrap().json().await.unwrap();
        assert_eq!((&status["state"], &status["tier"]), (&json!("made"), &json!(tier)), "{status}");
        assert!(status["milliseconds"].as_f64().unwrap() > 0.0, "{status}");
        let dollars = status["estimated_dollars"].as_f64().unwrap();
        assert!((0.000_005..0.01).contains(&dollars), "{status}");
        assert_eq!(status["thumbnails"][0]["variant"], "128x128");
    }
}

/// A JPEG that ends early, with a whole thumbnail in its Exif block.
fn cut_photo_with_thumbnail() -> Vec<u8> {
    let jpeg = |colour: [u8; 3], width: u32, height: u32| {
        let mut bytes = Vec::new();
        let image = RgbImage::from_pixel(width, height, Rgb(colour));
        image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
        bytes
    };
    let (photo, thumbnail) = (jpeg([200, 0, 0], 900, 600), jpeg([0, 200, 0], 150, 100));
    // An empty first directory; offset and length of a JPEG in the second.
    let mut tiff = b"MM\0*\0\0\0\x08\0\0\0\0\0\x0E\0\x02\x02\x01\0\x04\0\0\0\x01\0\0\0\x2C".to_vec();
    tiff.extend(b"\x02\x02\0\x04\0\0\0\x01");
    tiff.extend([&(thumbnail.len() as u32).to_be_bytes()[..], &[0; 4], &thumbnail].concat());
    let length = (tiff.len() as u16 + 8).to_be_bytes();
    [&photo[..2], &[0xFF, 0xE1], &length, b"Exif\0\0", &tiff, &photo[2..700]].concat()
}

#[tokio::test]
async fn a_damaged_photo_is_its_embedded_preview_and_the_status_says_so() {
    let api = Api::connect();
    let call = api.request(Method::PUT, "/images/http/preview.jpg").header("prefer", "wait=20");
    let answer = call.header("content-type", "image/jpeg").body(cut_photo_with_thumbnail()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let image = image::load_from_memory(&answer.bytes().await.unwrap()).unwrap().into_rgb8();
    assert!(image.dimensions() == (128, 85) && image.get_pixel(64, 40).0[1] > 150, "{:?}", image.dimensions());
    let status = api.request(Method::GET, "/status/http/preview.jpg").send().await.unwrap();
    let status: Value = status.json().await.unwrap();
    assert_eq!(status["warnings"], json!(["preview_for_corrupt"]), "{status}");
    assert_eq!(status["placeholder"]["colour"].as_str().map(str::len), Some(7), "{status}");
    assert!(status["placeholder"]["thumbhash"].as_str().unwrap().len() > 20, "{status}");
}

/// The event of an upload that somebody waits for comes too; behind its thumbnail it finds everything done. The first one
/// may come before, so that it is sent again.
#[tokio::test]
async fn who_waits_does_not_pay_for_decoding_twice() {
    let (api, deployment) = (Api::connect(), Deployment::connect().await);
    let key = "http/once.png";
    let call = api.request(Method::PUT, "/images/http/once.png").header("prefer", "wait=20").body(png(1));
    assert_eq!(call.send().await.unwrap().status(), 200);
    deployment.outcome("worker-small", key, "duplicate").await;
    let again = event(&deployment, "ObjectCreated:Put", key, &deployment.source_etag(key).await, "01");
    let before = deployment.lines_about("worker-small", key).await.len();
    assert!(!deployment.invoke("dispatcher", &again).await.failed);
    let line = deployment.line_behind("worker-small", key, before).await;
    assert_eq!((&line["outcome"], &line["bytes_read"]), (&json!("duplicate"), &Value::Null), "{line}");
}

#[tokio::test]
async fn a_request_with_an_encoded_body_gets_its_thumbnail() {
    let api = Api::connect();
    let call = api.request(Method::PUT, "/images/http/encoded.png").header("prefer", "wait=20");
    let answer = call.header("content-encoding", "gzip").body(gzip(&png(9))).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(size_of(answer).await, (128, 85));
}

#[tokio::test]
async fn an_upload_that_nobody_waits_for_is_accepted_and_made() {
    let api = Api::connect();
    let call = api.request(Method::PUT, "/images/http/later.png").header("content-type", "image/png").body(png(2));
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = answer.json().await.unwrap();
    assert_eq!((&body["key"], &body["thumbnail"]), (&json!("http/later.png"), &json!(location)));
    let made = api.when_done(&location).await;
    assert_eq!(made.status(), 200);
    assert_eq!(made.headers()["cache-control"], "private, max-age=86400");
    assert_eq!(size_of(made).await, (128, 85));
    let status: Value =
        api.request(Method::GET, body["status"].as_str().unwrap()).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&status["state"], &status["source"]["etag"]),
        (&json!("made"), &json!(body["etag"].as_str().unwrap().trim_matches('"')))
    );
}

#[tokio::test]
async fn thirty_megabytes_go_straight_to_s3_and_nothing_else_does() {
    let api = Api::connect();
    let mut bmp = Vec::new();
    RgbImage::new(3_334, 3_000).write_to(&mut Cursor::new(&mut bmp), ImageFormat::Bmp).unwrap();
    assert!(bmp.len() > 30_000_000);
    let asked = json!({ "key": "http/thirty.bmp", "content_type": "image/bmp", "bytes": bmp.len() });
    let answer = api.request(Method::POST, "/uploads").body(asked.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let upload: Value = answer.json().await.unwrap();
    assert_eq!(upload["upload"]["expires_s"], 300);
    let url = upload["upload"]["url"].as_str().unwrap();
    assert!(url.contains("X-Amz-Expires=300") && url.contains("content-length%3Bcontent-type%3Bhost"), "{url}");
    let put = |content_type: &str, body: Vec<u8>| {
        api.elsewhere(Method::PUT, url).header("content-type", content_type).body(body).send()
    };
    for (content_type, body) in [("image/bmp", bmp[1..].to_vec()), ("image/png", bmp.clone())] {
        assert_eq!(put(content_type, body).await.unwrap().status(), 403, "{content_type}");
    }
    let other = url.replacen("thirty.bmp", "other.bmp", 1);
    assert_eq!(
        api.elsewhere(Method::PUT, &other)
            .header("content-type", "image/bmp")
            .body(bmp.clone())
            .send()
            .await
            .unwrap()
            .status(),
        403
    );
    let stored = put("image/bmp", bmp).await.unwrap();
    assert_eq!(stored.status(), 200);
    let etag = stored.headers()["etag"].to_str().unwrap().trim_matches('"').to_owned();
    let made = api.when_done(&format!("{}?etag={etag}", upload["thumbnail"].as_str().unwrap())).await;
    assert_eq!(made.status(), 200);
    assert_eq!(size_of(made).await, (128, 115));
}

#[tokio::test]
async fn a_thumbnail_is_sent_once_and_then_not_modified() {
    let api = Api::connect();
    let path = "/thumbnails/http/cached.png";
    let put = api.request(Method::PUT, "/images/http/cached.png").header("prefer", "wait=20").body(png(3));
    let etag = put.send().await.unwrap().headers()["etag"].clone();
    let get =
        |method: Method, if_none_match: &str| api.request(method, path).header("if-none-match", if_none_match).send();
    let known = get(Method::GET, etag.to_str().unwrap()).await.unwrap();
    assert_eq!((known.status().as_u16(), &known.headers()["etag"]), (304, &etag));
    assert!(known.bytes().await.unwrap().is_empty());
    assert_eq!(get(Method::GET, "\"another\"").await.unwrap().status(), 200);
    let head = get(Method::HEAD, "").await.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-type"], &head.headers()["etag"]),
        (200, &"image/jpeg".parse().unwrap(), &etag)
    );
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn odd_keys_arrive_as_they_were_meant() {
    let (api, deployment) = (Api::connect(), Deployment::connect().await);
    for (escaped, key) in [
        ("http/a%20b/%C3%BC%2B%25.png", "http/a b/ü+%.png"),
        ("http/100%25%20%26%3D,;'!()%2B.png", "http/100% &=,;'!()+.png"),
        ("http/%F0%9F%90%88/%7Bkey%7D.png", "http/🐈/{key}.png"),
        ("http/%2541.png", "http/%41.png"),
        ("http/..hidden/a%2Fb.png", "http/..hidden/a/b.png"),
    ] {
        let call = api.request(Method::PUT, &format!("/images/{escaped}")).header("prefer", "wait=20").body(png(4));
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{key}: {}", answer.text().await.unwrap());
        let location = answer.headers()["content-location"].to_str().unwrap().to_owned();
        assert_eq!(api.request(Method::GET, &location).send().await.unwrap().status(), 200, "{location}");
        assert_eq!(deployment.thumbnail_keys(&format!("{key}/")).await, [format!("{key}/128x128.jpg")]);
    }
}

#[tokio::test]
async fn nobody_gets_in_without_the_token() {
    let api = Api::connect();
    let paths = [
        (Method::PUT, "/images/http/intruder.png"),
        (Method::POST, "/uploads"),
        (Method::GET, "/thumbnails/http/later.png"),
        (Method::GET, "/status/http/later.png"),
    ];
    for (method, path) in paths {
        for authorization in [None, Some("Bearer wrong"), Some("Basic dGVzdDp0ZXN0")] {
            let mut call = api.anonymous(method.clone(), path).body(png(5));
            if let Some(authorization) = authorization {
                call = call.header("authorization", authorization);
            }
            let answer = call.send().await.unwrap();
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            let (status, body) = problem(answer).await;
            assert_eq!((status, &body["name"]), (401, &json!("unauthorised")), "{method} {path} {authorization:?}");
        }
    }
    let status = api.request(Method::GET, "/status/http/intruder.png").send().await.unwrap();
    assert_eq!(status.status(), 404, "nothing was stored");
}

#[tokio::test]
async fn every_refusal_has_its_status_and_its_name() {
    let api = Api::connect();
    let check = async |method: Method, path: &str, body: Vec<u8>, want: (u16, &str), says: &str| {
        let call = api.request(method, path).header("prefer", "wait=20").header("content-type", "image/png").body(body);
        let (status, body) = problem(call.send().await.unwrap()).await;
        assert_eq!((status, body["name"].as_str().unwrap()), want, "{path}: {body}");
        assert!(body["detail"].as_str().unwrap().contains(says), "{path}: {body}");
    };
    let put = Method::PUT;
    check(put.clone(), "/images/http/%2E%2E%2Fetc", png(6), (400, "bad_key"), "segment `..`").await;
    check(put.clone(), "/images/http/a%00b", png(6), (400, "bad_key"), "U+0000").await;
    check(put.clone(), "/images/http/a%5Cb", png(6), (400, "bad_key"), "U+005C").await;
    check(put.clone(), "/images/.thumbtier/endings/a", png(6), (400, "bad_key"), ".thumbtier/").await;
    check(put.clone(), &format!("/images/{}", "k".repeat(1007)), png(6), (400, "bad_key"), "1007 bytes").await;
    check(put.clone(), "/images/http/a.png?variant=big", png(6), (400, "bad_request"), "makes 128x128").await;
    check(put.clone(), "/images/http/big.png", vec![0; 4_500_001], (413, "body_too_large"), "POST /uploads").await;
    check(put.clone(), "/images/http/empty.png", vec![], (422, "empty"), "0 bytes").await;
    check(put.clone(), "/images/http/text.png", b"no image at all".to_vec(), (422, "not_an_image"), "").await;
    check(put.clone(), "/images/http/cut.png", png(6)[..60].to_vec(), (422, "corrupt"), "png is damaged").await;
    check(Method::GET, "/thumbnails/http/cut.png", vec![], (422, "corrupt"), "png is damaged").await;
    check(Method::GET, "/thumbnails/http/never.png", vec![], (404, "not_found"), "http/never.png").await;
    check(Method::GET, "/status/http/never.png", vec![], (404, "not_found"), "http/never.png").await;
    check(Method::GET, "/page/nowhere", vec![], (404, "no_such_path"), "openapi").await;
    check(Method::DELETE, "/thumbnails/http/a.png", vec![], (405, "no_such_method"), "GET, HEAD").await;
    check(Method::GET, "/images/http/a.png", vec![], (405, "no_such_method"), "PUT").await;
    let uploads =
        |body: Value| check(Method::POST, "/uploads", body.to_string().into_bytes(), (400, "bad_request"), "expected");
    uploads(json!({ "key": "a.png" })).await;
    uploads(json!({ "key": "a.png", "content_type": "image/png", "bytes": -1 })).await;
    uploads(json!([1])).await;
    let upload = |key: &str, bytes: u64, content_type: &str| {
        json!({ "key": key, "content_type": content_type, "bytes": bytes }).to_string().into_bytes()
    };
    check(
        Method::POST,
        "/uploads",
        upload("http/u.png", 1 << 40, "image/png"),
        (413, "object_too_large"),
        "takes 536870912",
    )
    .await;
    check(Method::POST, "/uploads", upload("http/u.txt", 9, "text/plain"), (422, "not_an_image"), "text/plain").await;
    check(Method::POST, "/uploads", upload("http/u.png", 9, "image/png\r\nx: y"), (400, "bad_request"), "content_type")
        .await;
    // The status of a refusal says what it took.
    let status: Value = api.request(Method::GET, "/status/http/cut.png").send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&status["state"], &status["outcome"], &status["tier"]),
        (&json!("refused"), &json!("corrupt"), &json!("small")),
        "{status}"
    );
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_what_is_replaced_too() {
    let (api, deployment) = (Api::connect(), Deployment::connect().await);
    let put = |shade: u8| {
        api.request(Method::PUT, "/images/http/gone.png").header("prefer", "wait=20").body(png(shade)).send()
    };
    let first = put(7).await.unwrap().headers()["content-location"].to_str().unwrap().to_owned();
    let second = put(8).await.unwrap().headers()["content-location"].to_str().unwrap().to_owned();
    let (status, body) = problem(api.when_done(&first).await).await;
    assert_eq!((status, &body["name"]), (410, &json!("replaced")));
    assert_eq!(api.when_done(&second).await.status(), 200);
    deployment.delete("http/gone.png").await;
    deployment.outcome("worker-small", "http/gone.png", "removed").await;
    let (status, body) = problem(api.when_done("/thumbnails/http/gone.png").await).await;
    assert_eq!((status, &body["name"]), (410, &json!("deleted")));
}

#[tokio::test]
async fn what_is_killed_in_the_end_is_told_with_its_reason() {
    let (api, deployment) = (Api::connect(), Deployment::connect().await);
    let key = "http/killed.png";
    // Its own worker made it; the failure that is reported is of another upload of the same bytes.
    deployment.upload_marked(key, png(9)).await;
    let etag = deployment.source_etag(key).await;
    let job =
        json!({ "bucket": deployment.source_bucket, "key": key, "etag": etag, "bytes": 9, "correlation_id": "http" });
    deployment.report_killed("worker-large", &job).await;
    deployment.dead_letter(key).await;
    let (status, body) = problem(api.when_done("/thumbnails/http/killed.png").await).await;
    assert_eq!((status, &body["name"]), (422, &json!("killed")), "{body}");
}

#[tokio::test]
async fn the_page_and_every_answer_are_closed_to_whatever_is_not_theirs() {
    let api = Api::connect();
    let page = api.anonymous(Method::GET, "/").send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    for directive in
        ["default-src 'none'", "script-src 'self'", "connect-src 'self' http://127.0.0.1:", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(directive), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let known = api.anonymous(Method::GET, "/").header("if-none-match", &page.headers()["etag"]).send().await.unwrap();
    assert_eq!(
        (known.status().as_u16(), known.headers()["content-security-policy"].to_str().unwrap()),
        (304, policy.as_str())
    );
    let html = page.text().await.unwrap();
    for file in html.split('"').filter(|part| part.starts_with("/page/")) {
        let answer = api.anonymous(Method::GET, file).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{file}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{file}");
    }
    assert_eq!(api.anonymous(Method::GET, "/page/../main.rs").send().await.unwrap().status(), 404);
    let settings: Value = api.anonymous(Method::GET, "/settings").send().await.unwrap().json().await.unwrap();
    assert_eq!((&settings["auth"], &settings["tiers"][0]["memory_mb"]), (&json!("token"), &json!(256)), "{settings}");
    let problem = api.anonymous(Method::GET, "/status/x").send().await.unwrap();
    assert_eq!(problem.headers()["content-security-policy"], "default-src 'none'; frame-ancestors 'none'; sandbox");
    assert_eq!(problem.headers()["cache-control"], "no-store");
}

/// The function's log has the request, and nothing that opens a door.
#[tokio::test]
async fn no_token_is_logged() {
    let (api, deployment) = (Api::connect(), Deployment::connect().await);
    let key = "http/logged\".png";
    let call = api.request(Method::PUT, "/images/http/logged%22.png").header("prefer", "wait=20").body(png(10));
    assert_eq!(call.send().await.unwrap().status(), 200);
    let line = deployment.log_line("api", key).await;
    assert_eq!((&line["route"], &line["status"]), (&json!("put_image"), &json!(200)), "{line}");
    let token = std::env::var("API_TOKEN").unwrap();
    assert!(!deployment.raw_log("api").await.contains(&token));
}
