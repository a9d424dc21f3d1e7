//! IAM is enforced, and each right is needed. A test binary of its own, because it takes rights away from functions.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::io::Cursor;

use contract::TierTable;
use end_to_end::Deployment;
use serde_json::json;

#[tokio::test]
async fn a_worker_without_put_object_fails_by_name_and_works_again_with_it() {
    let deployment = Deployment::connect().await;
    let mut png = Vec::new();
    image::RgbImage::new(8, 8).write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    for tier in TierTable::builtin().unwrap().iter() {
        let function = format!("worker-{}", tier.name);
        let key = format!("privilege/{function}.png");
        let etag = deployment.upload(&key, "image/png", png.clone()).await;
        let bucket = &deployment.source_bucket;
        let job = json!({ "bucket": bucket, "key": key, "etag": etag, "bytes": png.len(), "correlation_id": "p" });
        let policy = deployment.without_statement(&function, "WriteThumbnails").await;
        let denied = deployment.invoke(&function, &job).await;
        policy.restore().await;
        assert!(denied.failed, "{denied:?}");
        let message = denied.payload["errorMessage"].as_str().unwrap();
        assert!(message.contains("PutObject of `") && message.contains("AccessDenied"), "{message}");
        let allowed = deployment.invoke(&function, &job).await;
        assert_eq!(allowed.payload["outcome"], "made", "{allowed:?}");
    }
}
