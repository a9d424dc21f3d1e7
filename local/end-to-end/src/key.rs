//! Keys of KMS.

use crate::Deployment;

/// A key that a test made.
#[derive(Debug)]
pub struct Key {
    kms: aws_sdk_kms::Client,
    /// Its ARN.
    pub arn: String,
}

impl Deployment {
    /// A key with KMS's default policy, which leaves its use to IAM.
    pub async fn key(&self) -> Key {
        let kms = aws_sdk_kms::Client::new(&self.config);
        let made = kms.create_key().send().await.expect("keys can be made");
        let arn = made.key_metadata().and_then(|key| key.arn()).expect("it has one").to_owned();
        Key { kms, arn }
    }
}

impl Key {
    /// Gives it another policy.
    pub async fn put_policy(&self, policy: &str) {
        let call = self.kms.put_key_policy().key_id(&self.arn).policy_name("default").policy(policy);
        call.send().await.expect("policies can be put");
    }

    /// Nothing can be encrypted by it any more.
    pub async fn disable(&self) {
        self.kms.disable_key().key_id(&self.arn).send().await.expect("keys can be disabled");
    }
}
