//! IAM is enforced, and each right is needed. A test binary of its own, because it takes rights away from functions.

use contract::TierTable;
use end_to_end::Deployment;
use serde_json::json;

/// A 1x1 grey PNG, written by hand: signature, IHDR, IDAT with a stored block, IEND.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
\0\0\0\x0aIDAT\x78\x9c\x63\x68\0\0\0\x82\0\x81\x77\xcd\x72\xb6\0\0\0\0IEND\xae\x42\x60\x82";

#[tokio::test]
async fn a_worker_without_put_object_fails_by_name_and_works_again_with_it() {
    let deployment = Deployment::connect().await;
    for tier in TierTable::builtin().unwrap().iter() {
        let function = format!("worker-{}", tier.name);
        let key = format!("privilege/{function}.png");
        let etag = deployment.upload(&key, "image/png", PIXEL.to_vec()).await;
        let bucket = &deployment.source_bucket;
        let job = json!({ "bucket": bucket, "key": key, "etag": etag, "bytes": PIXEL.len(), "correlation_id": "p" });
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
