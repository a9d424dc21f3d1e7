//! The edge of `backfill` on S3 Control: `CreateJob` and `DescribeJob` of S3 Batch Operations.

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_s3control::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3control::operation::create_job::CreateJobError;
use aws_sdk_s3control::types::{
    JobFailure, JobManifest, JobManifestFieldName, JobManifestFormat, JobManifestLocation, JobManifestSpec,
    JobOperation, JobProgressSummary, JobReport, JobReportFormat, JobReportScope, LambdaInvokeOperation,
};

use super::{Created, DescribeJob, JobRequest, JobState};
use crate::backfill::manifest;

/// Among the jobs of an account. Ours may wait for nobody's, so any number does.
const PRIORITY: i32 = 10;

/// How services that have no such call answer it.
const UNKNOWN_CALL: [&str; 6] =
    ["InvalidURI", "NotImplemented", "MethodNotAllowed", "UnsupportedOperation", "InvalidAction", "UnknownOperation"];

/// The jobs of an account.
pub(in crate::backfill) struct Jobs {
    client: aws_sdk_s3control::Client,
    account: String,
    partition: String,
    /// Not AWS itself, but something that stands in for it.
    is_elsewhere: bool,
}

impl Jobs {
    /// Those of the account that the function is in.
    ///
    /// # Errors
    /// An ARN that names no account.
    pub(in crate::backfill) fn new(config: &SdkConfig, function_arn: &str) -> anyhow::Result<Self> {
        let parts: Vec<&str> = function_arn.split(':').collect();
        let ["arn", partition, "lambda", _, account, ..] = parts.as_slice() else {
            anyhow::bail!("`{function_arn}` is no ARN of a function");
        };
        Ok(Self {
            client: aws_sdk_s3control::Client::new(config),
            account: (*account).to_owned(),
            partition: (*partition).to_owned(),
            is_elsewhere: config.endpoint_url().is_some(),
        })
    }

    /// Makes the job, which starts by itself; the same request again gives the same job.
    ///
    /// # Errors
    /// S3's refusals.
    pub(in crate::backfill) async fn create(&self, request: &JobRequest<'_>) -> anyhow::Result<Created> {
        let JobRequest { run, description, function, role, bucket, manifest_etag } = request;
        let bucket = format!("arn:{}:s3:::{bucket}", self.partition);
        let invoke = LambdaInvokeOperation::builder().function_arn(*function).invocation_schema_version("2.0").build();
        let spec = JobManifestSpec::builder()
            .format(JobManifestFormat::S3BatchOperationsCsv20180820)
            .fields(JobManifestFieldName::Bucket)
            .fields(JobManifestFieldName::Key);
        let location = JobManifestLocation::builder()
            .object_arn(format!("{bucket}/{}", manifest::key(run)))
            .e_tag(*manifest_etag)
            .build();
        let report = JobReport::builder()
            .enabled(true)
            .bucket(&bucket)
            .prefix(manifest::folder(run))
            .format(JobReportFormat::ReportCsv20180820)
            .report_scope(JobReportScope::FailedTasksOnly);
        let call = self.client.create_job().account_id(&self.account).client_request_token(*run).priority(PRIORITY);
        let call = call.confirmation_required(false).role_arn(*role).description(description);
        let call = call.operation(JobOperation::builder().lambda_invoke(invoke).build()).report(report.build());
        let call = call.manifest(JobManifest::builder().spec(spec.build()?).location(location?).build());
        match call.send().await {
            Ok(made) => Ok(Created::Job(made.job_id().context("S3 made a job and did not say which")?.to_owned())),
            Err(error) if self.is_missing(&error) => {
                Ok(Created::NoService(error.code().unwrap_or("no answer").to_owned()))
            }
            Err(error) => Err(error).context("making a job of S3 Batch Operations"),
        }
    }

    /// S3 itself has the service in every region; what stands in for S3 often has not, nor a host name for each account.
    fn is_missing(&self, error: &SdkError<CreateJobError>) -> bool {
        match error {
            SdkError::DispatchFailure(_) => self.is_elsewhere,
            error => error.code().is_some_and(|code| UNKNOWN_CALL.contains(&code)),
        }
    }
}

impl DescribeJob for Jobs {
    async fn describe(&self, id: &str) -> anyhow::Result<JobState> {
        let call = self.client.describe_job().account_id(&self.account).job_id(id).send().await;
        let found = call.with_context(|| format!("asking about job {id}"))?;
        let job = found.job().with_context(|| format!("S3 knows no job {id}"))?;
        let count = |number: fn(&JobProgressSummary) -> Option<i64>| {
            let number = job.progress_summary().and_then(number);
            number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
        };
        let failure = |failure: &JobFailure| {
            format!("{}: {}", failure.failure_code().unwrap_or_default(), failure.failure_reason().unwrap_or_default())
        };
        let why = job.failure_reasons().iter().map(failure);
        Ok(JobState {
            status: job.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            objects: count(JobProgressSummary::total_number_of_tasks),
            succeeded: count(JobProgressSummary::number_of_tasks_succeeded),
            failed: count(JobProgressSummary::number_of_tasks_failed),
            why: why.chain(job.status_update_reason().map(str::to_owned)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_config::{BehaviorVersion, Region};
    use aws_sdk_s3control::config::http::{HttpRequest, HttpResponse};
    use aws_sdk_s3control::config::retry::RetryConfig;
    use aws_sdk_s3control::config::{Credentials, SharedCredentialsProvider};
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;

    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:thumbtier-prod-batch";

    /// The real client on a wire of the test's own: the local AWS has no S3 Batch Operations. `None` is no answer.
    #[derive(Clone, Debug)]
    struct Wire {
        answer: Option<(u16, &'static str)>,
        /// Method, address and body.
        seen: Arc<Mutex<Vec<(String, String, String)>>>,
    }

    impl HttpConnector for Wire {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
            self.seen.lock().unwrap().push((request.method().to_owned(), request.uri().to_owned(), body));
            HttpConnectorFuture::ready(match self.answer {
                Some((status, body)) => Ok(HttpResponse::new(status.try_into().unwrap(), body.into())),
                None => Err(ConnectorError::io("no such host".into())),
            })
        }
    }

    fn wire(status: u16, body: &'static str) -> Wire {
        Wire { answer: Some((status, body)), seen: Arc::default() }
    }

    fn jobs(wire: &Wire, endpoint: Option<&str>) -> Jobs {
        let connector = SharedHttpConnector::new(wire.clone());
        let credentials = Credentials::new("test", "test", None, None, "test");
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()));
        config.set_endpoint_url(endpoint.map(str::to_owned));
        Jobs::new(&config.build(), FUNCTION).unwrap()
    }

    fn request() -> JobRequest<'static> {
        JobRequest {
            run: "20261121T095400Z-1",
            description: "thumbtier prod backfill".to_owned(),
            function: FUNCTION,
            role: "arn:aws:iam::123456789012:role/job",
            bucket: "thumbnails",
            manifest_etag: "60e460c9d1046e73f7dde5043ac3ae85",
        }
    }

    #[tokio::test]
    async fn a_job_is_asked_for_as_the_api_reference_says() {
        let wire = wire(200, "<CreateJobResult><JobId>00e123a4</JobId></CreateJobResult>");
        let made = jobs(&wire, None).create(&request()).await.unwrap();
        assert_eq!(made, Created::Job("00e123a4".to_owned()));
        let (method, address, body) = wire.seen.lock().unwrap()[0].clone();
        assert_eq!(method, "POST");
        assert_eq!(address, "https://123456789012.s3-control.eu-west-1.amazonaws.com/v20180820/jobs");
        for want in [
            "<ConfirmationRequired>false</ConfirmationRequired>".to_owned(),
            format!("<LambdaInvoke><FunctionArn>{FUNCTION}</FunctionArn>"),
            "<InvocationSchemaVersion>2.0</InvocationSchemaVersion>".to_owned(),
            "<ClientRequestToken>20261121T095400Z-1</ClientRequestToken>".to_owned(),
            "<Format>S3BatchOperations_CSV_20180820</Format>".to_owned(),
            "<Fields><member>Bucket</member><member>Key</member></Fields>".to_owned(),
            "<ObjectArn>arn:aws:s3:::thumbnails/.thumbtier/backfill/20261121T095400Z-1/manifest.csv</ObjectArn>"
                .to_owned(),
            "<ETag>60e460c9d1046e73f7dde5043ac3ae85</ETag>".to_owned(),
            "<Bucket>arn:aws:s3:::thumbnails</Bucket>".to_owned(),
            "<Prefix>.thumbtier/backfill/20261121T095400Z-1</Prefix>".to_owned(),
            "<Format>Report_CSV_20180820</Format>".to_owned(),
            "<ReportScope>FailedTasksOnly</ReportScope>".to_owned(),
            "<RoleArn>arn:aws:iam::123456789012:role/job</RoleArn>".to_owned(),
        ] {
            assert!(body.contains(&want), "no {want} in {body}");
        }
    }

    #[tokio::test]
    async fn a_missing_service_is_told_from_a_refusal() {
        let local = Some("http://127.0.0.1:4566");
        let error =
            "<ErrorResponse><Error><Code>InvalidURI</Code><Message>Couldn't parse</Message></Error></ErrorResponse>";
        let made = jobs(&wire(400, error), local).create(&request()).await.unwrap();
        assert_eq!(made, Created::NoService("InvalidURI".to_owned()));
        let unreachable = Wire { answer: None, seen: Arc::default() };
        let made = jobs(&unreachable, local).create(&request()).await.unwrap();
        assert_eq!(made, Created::NoService("no answer".to_owned()));
        // S3 itself has the service: this is the network.
        jobs(&unreachable, None).create(&request()).await.unwrap_err();
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        let error = jobs(&wire(403, denied), None).create(&request()).await.unwrap_err();
        assert!(format!("{error:#}").contains("AccessDenied"), "{error:#}");
    }

    #[tokio::test]
    async fn what_s3_says_of_a_job_is_read() {
        let active = "<DescribeJobResult><Job><JobId>j</JobId><Status>Active</Status><ProgressSummary>\
            <TotalNumberOfTasks>10</TotalNumberOfTasks><NumberOfTasksSucceeded>4</NumberOfTasksSucceeded>\
            <NumberOfTasksFailed>1</NumberOfTasksFailed></ProgressSummary></Job></DescribeJobResult>";
        let wire_of_active = wire(200, active);
        let state = jobs(&wire_of_active, None).describe("j").await.unwrap();
        let want = JobState { status: "Active".to_owned(), objects: 10, succeeded: 4, failed: 1, why: Vec::new() };
        assert_eq!(state, want);
        assert!(wire_of_active.seen.lock().unwrap()[0].1.ends_with(".amazonaws.com/v20180820/jobs/j"));
        let failed = "<DescribeJobResult><Job><JobId>j</JobId><Status>Failed</Status><FailureReasons><member>\
            <FailureCode>ManifestNotFound</FailureCode><FailureReason>no manifest</FailureReason></member>\
            </FailureReasons></Job></DescribeJobResult>";
        let state = jobs(&wire(200, failed), None).describe("j").await.unwrap();
        assert_eq!((state.status.as_str(), state.why), ("Failed", vec!["ManifestNotFound: no manifest".to_owned()]));
    }
}
