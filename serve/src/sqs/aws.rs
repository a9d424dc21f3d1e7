//! Messages are taken by any number of processes: who takes one hides it from the others, shows from time to time that it is
//! still at it, and deletes it when it is done. What a process had that is gone comes to light again.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::Message;
use contract::with_causes;
use function::Store;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::aws::Place;
use crate::home::Shared;
use crate::metrics::say;
use crate::pipeline::{bury, deliver};
use crate::shape;

/// How many messages a process has at once, waiting or in work.
const AT_ONCE: usize = 1000;

/// How long a message stays hidden, and how often that is renewed.
const HIDDEN_S: i32 = 30;
const PACE: Duration = Duration::from_secs(10);

/// How long one question waits for messages. Less than the client waits for an answer.
const WAIT_S: i32 = 5;

/// How long a message that failed stays hidden.
const AGAIN_S: i32 = 10;

/// How long a queue that does not answer is left alone.
const PAUSE: Duration = Duration::from_secs(3);

#[derive(Debug)]
struct Queue {
    client: Client,
    url: String,
}

/// Takes messages until it is told to stop.
///
/// # Errors
/// A configuration that cannot be read.
pub(crate) async fn run(
    shared: Arc<Shared>,
    store: Store,
    (place, endpoint, url): (&Place, Option<&str>, &str),
    looks: Rc<Semaphore>,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut builder = aws_sdk_sqs::config::Builder::from(&place.configuration().await?);
    builder.set_endpoint_url(endpoint.map(str::to_owned));
    let queue = Rc::new(Queue { client: Client::from_conf(builder.build()), url: url.to_owned() });
    let places = Arc::new(Semaphore::new(AT_ONCE));
    while !*stop.borrow() {
        // As many as one question may bring.
        let Ok(some) = Arc::clone(&places).acquire_many_owned(10).await else { break };
        let call = queue.client.receive_message().queue_url(url).max_number_of_messages(10);
        let messages = match call.wait_time_seconds(WAIT_S).visibility_timeout(HIDDEN_S).send().await {
            Ok(received) => received.messages.unwrap_or_default(),
            Err(error) => {
                say(
                    "warning",
                    &format!("ReceiveMessage of `{url}`: {}, again in {} s", with_causes(&error), PAUSE.as_secs()),
                );
                sleep(PAUSE).await;
                continue;
            }
        };
        let mut some = Some(some);
        for message in messages {
            let place = some.as_mut().and_then(|some| some.split(1));
            let (shared, store, looks) = (Arc::clone(&shared), store.clone(), Rc::clone(&looks));
            let queue = Rc::clone(&queue);
            spawn_local(async move {
                let _place = place;
                queue.handle(&shared, &store, &message, &looks).await;
            });
        }
    }
    Ok(())
}

impl Queue {
    async fn handle(&self, shared: &Shared, store: &Store, message: &Message, looks: &Semaphore) {
        let Some(receipt) = message.receipt_handle() else { return };
        let body = message.body().unwrap_or_default();
        let done = async {
            match shape::event(body.as_bytes()) {
                Ok(None) => true,
                Ok(Some(event)) => deliver(shared, store, event, looks).await,
                Err(error) => bury(shared, "bad_event", format!("{error}: {body}")).await,
            }
        };
        let is_done = tokio::select! {
            is_done = done => is_done,
            () = self.keep_hidden(receipt) => false,
        };
        let told = if is_done {
            let call = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt);
            call.send().await.map(drop).map_err(|error| with_causes(&error))
        } else {
            self.hide(receipt, AGAIN_S).await
        };
        if let Err(error) = told {
            say("warning", &format!("`{}`: {error}: the message comes again, and is found done", self.url));
        }
    }

    /// Never returns: it ends with the job.
    async fn keep_hidden(&self, receipt: &str) {
        loop {
            sleep(PACE).await;
            if let Err(error) = self.hide(receipt, HIDDEN_S).await {
                say("warning", &format!("`{}`: {error}", self.url));
            }
        }
    }

    async fn hide(&self, receipt: &str, seconds: i32) -> Result<(), String> {
        let call = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        call.visibility_timeout(seconds).send().await.map(drop).map_err(|error| with_causes(&error))
    }
}
