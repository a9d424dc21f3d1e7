//! The account's answers: STS, IAM, Lambda, SQS and S3, nothing but questions.

use anyhow::Context;
use aws_sdk_iam::types::PolicyEvaluationDecisionType;
use aws_sdk_s3::error::SdkError;
use contract::with_causes;

use super::check::{Bucket, Facts};
use super::template::Wanted;
use crate::aws::Deployment;

/// What CloudFormation does in the deployer's name for each kind of resource; other kinds are of the same services.
const ACTIONS: [(&str, &str); 15] = [
    ("AWS::Lambda::Function", "lambda:CreateFunction"),
    ("AWS::Lambda::Permission", "lambda:AddPermission"),
    ("AWS::Lambda::EventSourceMapping", "lambda:CreateEventSourceMapping"),
    ("AWS::IAM::Role", "iam:CreateRole"),
    ("AWS::IAM::Role", "iam:PassRole"),
    ("AWS::IAM::ManagedPolicy", "iam:CreatePolicy"),
    ("AWS::S3::Bucket", "s3:CreateBucket"),
    ("AWS::S3::BucketPolicy", "s3:PutBucketPolicy"),
    ("AWS::SQS::Queue", "sqs:CreateQueue"),
    ("AWS::SNS::Topic", "sns:CreateTopic"),
    ("AWS::Logs::LogGroup", "logs:CreateLogGroup"),
    ("AWS::CloudWatch::Alarm", "cloudwatch:PutMetricAlarm"),
    ("AWS::ApiGatewayV2::Api", "apigateway:POST"),
    ("AWS::CodeDeploy::Application", "codedeploy:CreateApplication"),
    ("AWS::CloudFront::Distribution", "cloudfront:CreateDistribution"),
];

/// Whoever asks, and where.
pub(super) struct Account {
    /// Its number.
    pub id: String,
    /// `aws`, `aws-cn`, `aws-us-gov` …
    pub partition: String,
    caller: String,
}

impl Account {
    /// By the credentials.
    ///
    /// # Errors
    /// There are none, or they are nobody's.
    pub(super) async fn find(deployment: &Deployment) -> anyhow::Result<Self> {
        let found = aws_sdk_sts::Client::new(&deployment.config).get_caller_identity().send().await;
        let found =
            found.context("asking who you are: sign in by `aws login` or `aws sso login`, or set AWS_PROFILE")?;
        let caller = found.arn().unwrap_or_default().to_owned();
        let partition = caller.split(':').nth(1).unwrap_or("aws").to_owned();
        Ok(Self { id: found.account().unwrap_or_default().to_owned(), partition, caller })
    }

    /// Every answer that can be had.
    pub(super) async fn facts(&self, deployment: &Deployment, wanted: &Wanted) -> Facts {
        let mut buckets = Vec::new();
        for (name, _) in &wanted.buckets {
            buckets.push(bucket(deployment, name).await);
        }
        Facts {
            caller: self.caller.clone(),
            concurrency: concurrency(deployment).await,
            taken: taken(deployment, wanted).await,
            stack: format!("thumbtier-{}", deployment.stage),
            buckets,
            denied: self.denied(deployment, wanted).await,
        }
    }

    /// Source: IAM API reference, `SimulatePrincipalPolicy`. It sees no policy of a resource, boundary of an organisation
    /// or condition that depends on the request.
    async fn denied(&self, deployment: &Deployment, wanted: &Wanted) -> Result<Vec<String>, String> {
        if self.caller.ends_with(":root") {
            return Ok(Vec::new());
        }
        let iam = aws_sdk_iam::Client::new(&deployment.config);
        let principal = match self.caller.split_once(":assumed-role/") {
            // The session's ARN has not the path of its role, which those of IAM Identity Center have.
            Some((_, session)) => {
                let role = session.split('/').next().unwrap_or_default();
                let found = iam.get_role().role_name(role).send().await.map_err(|error| with_causes(&error))?;
                found.role().map(|role| role.arn().to_owned()).unwrap_or_default()
            }
            None => self.caller.clone(),
        };
        let is_wanted = |(kind, _): &&(&str, &str)| wanted.kinds.iter().any(|wanted| wanted == kind);
        let actions = ACTIONS.iter().filter(is_wanted).map(|(_, action)| (*action).to_owned());
        let actions: Vec<_> = ["cloudformation:CreateStack", "cloudformation:UpdateStack"]
            .map(str::to_owned)
            .into_iter()
            .chain(actions)
            .collect();
        let call = iam.simulate_principal_policy().policy_source_arn(principal).set_action_names(Some(actions));
        let found = call.send().await.map_err(|error| with_causes(&error))?;
        let is_denied = |decision: &PolicyEvaluationDecisionType| *decision != PolicyEvaluationDecisionType::Allowed;
        let results = found.evaluation_results().iter();
        let denied = results.filter(|result| is_denied(result.eval_decision()));
        Ok(denied.map(|result| result.eval_action_name().to_owned()).collect())
    }
}

async fn concurrency(deployment: &Deployment) -> Result<(u64, u64), String> {
    let lambda = aws_sdk_lambda::Client::new(&deployment.config);
    let found = lambda.get_account_settings().send().await.map_err(|error| with_causes(&error))?;
    let limit = found.account_limit().ok_or_else(|| "Lambda says no limit".to_owned())?;
    let number = |value: i32| u64::try_from(value).unwrap_or_default();
    let unreserved = limit.unreserved_concurrent_executions().unwrap_or_default();
    Ok((number(limit.concurrent_executions()), number(unreserved)))
}

/// What is there under the names of the template, and whose stack it is of.
async fn taken(deployment: &Deployment, wanted: &Wanted) -> Vec<(String, Option<String>)> {
    const STACK: &str = "aws:cloudformation:stack-name";
    let (lambda, sqs) = (aws_sdk_lambda::Client::new(&deployment.config), aws_sdk_sqs::Client::new(&deployment.config));
    let mut taken = Vec::new();
    for name in &wanted.functions {
        if let Ok(found) = lambda.get_function().function_name(name).send().await {
            taken.push((name.clone(), found.tags().and_then(|tags| tags.get(STACK)).cloned()));
        }
    }
    for name in &wanted.queues {
        let Ok(found) = sqs.get_queue_url().queue_name(name).send().await else { continue };
        let tags = sqs.list_queue_tags().queue_url(found.queue_url().unwrap_or_default()).send().await.ok();
        let stack = tags.as_ref().and_then(|found| found.tags()?.get(STACK)).cloned();
        taken.push((name.clone(), stack));
    }
    taken
}

async fn bucket(deployment: &Deployment, name: &str) -> Bucket {
    let s3 = aws_sdk_s3::Client::new(&deployment.config);
    match s3.head_bucket().bucket(name).send().await {
        Ok(_) => {}
        Err(error) => {
            let status = match &error {
                SdkError::ServiceError(answer) => answer.raw().status().as_u16(),
                _ => 0,
            };
            return match status {
                404 => Bucket::Free,
                403 | 301 => Bucket::Foreign,
                _ => Bucket::Unknown(with_causes(&error)),
            };
        }
    }
    match s3.get_bucket_notification_configuration().bucket(name).send().await {
        Ok(found) => Bucket::Own {
            eventbridge: found.event_bridge_configuration().is_some(),
            notifications: found.lambda_function_configurations().len()
                + found.queue_configurations().len()
                + found.topic_configurations().len(),
        },
        Err(error) => Bucket::Unknown(with_causes(&error)),
    }
}
