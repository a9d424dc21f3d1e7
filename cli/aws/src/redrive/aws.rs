//! The edges of `redrive` on AWS: SQS `ReceiveMessage` and `DeleteMessage`, Lambda `Invoke`.

use anyhow::Context;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_sqs::types::MessageSystemAttributeName;

use super::Letter;
use crate::aws::Deployment;

/// How long a message that was read stays hidden from other readers, in seconds: until it is handed over and deleted.
const HIDDEN_S: i32 = 900;
/// The most that SQS gives at once.
const AT_ONCE: i32 = 10;

/// One of the deployment's queues of letters, and its dispatcher.
pub(super) struct Queue {
    sqs: aws_sdk_sqs::Client,
    lambda: aws_sdk_lambda::Client,
    url: String,
    dispatcher: String,
}

impl Queue {
    /// Finds one of the deployment's queues: `dead-letters` or `refusals`.
    ///
    /// # Errors
    /// There is none: the stage is not deployed here, or its queue may not be read.
    pub(super) async fn find(deployment: &Deployment, queue: &str) -> anyhow::Result<Self> {
        let sqs = aws_sdk_sqs::Client::new(&deployment.config);
        let name = deployment.function_name(queue);
        let found = sqs.get_queue_url().queue_name(&name).send().await;
        let found = found.with_context(|| format!("finding the queue `{name}` in {}", deployment.region))?;
        Ok(Self {
            sqs,
            lambda: aws_sdk_lambda::Client::new(&deployment.config),
            url: found.queue_url().unwrap_or_default().to_owned(),
            dispatcher: deployment.function_name("dispatcher"),
        })
    }

    /// About how many messages wait.
    pub(super) async fn count(&self) -> anyhow::Result<u64> {
        let call = self.sqs.get_queue_attributes().queue_url(&self.url);
        let name = aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages;
        let answer = call.attribute_names(name.clone()).send().await.context("counting the dead letters")?;
        let count = answer.attributes().and_then(|attributes| attributes.get(&name));
        Ok(count.and_then(|count| count.parse().ok()).unwrap_or(0))
    }

    /// The next messages; none where the queue is empty. They are hidden from other readers for a while.
    pub(super) async fn receive(&self) -> anyhow::Result<Vec<Letter>> {
        let call = self.sqs.receive_message().queue_url(&self.url).max_number_of_messages(AT_ONCE);
        let call = call.visibility_timeout(HIDDEN_S).wait_time_seconds(1);
        let call = call.message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let answer = call.send().await.context("reading the dead letters")?;
        let letter = |message: &aws_sdk_sqs::types::Message| {
            let sent = message.attributes().and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
            Letter {
                id: message.message_id().unwrap_or_default().to_owned(),
                receipt: message.receipt_handle().unwrap_or_default().to_owned(),
                body: message.body().unwrap_or_default().to_owned(),
                sent_ms: sent.and_then(|sent| sent.parse().ok()),
            }
        };
        Ok(answer.messages().iter().map(letter).collect())
    }

    /// Hands an event to the dispatcher, to be run asynchronously.
    pub(super) async fn dispatch(&self, event: &serde_json::Value) -> anyhow::Result<()> {
        let call = self.lambda.invoke().function_name(&self.dispatcher).invocation_type(InvocationType::Event);
        let sent = call.payload(Blob::new(event.to_string())).send().await;
        sent.with_context(|| format!("invoking `{}`", self.dispatcher))?;
        Ok(())
    }

    /// Deletes a message that was handed over.
    pub(super) async fn delete(&self, letter: &Letter) -> anyhow::Result<()> {
        let call = self.sqs.delete_message().queue_url(&self.url).receipt_handle(&letter.receipt);
        call.send().await.context("deleting a dead letter that was handed over")?;
        Ok(())
    }

    /// Shows a message to other readers again at once.
    pub(super) async fn release(&self, letter: &Letter) -> anyhow::Result<()> {
        let call = self.sqs.change_message_visibility().queue_url(&self.url).receipt_handle(&letter.receipt);
        call.visibility_timeout(0).send().await.context("leaving a dead letter where it is")?;
        Ok(())
    }
}
