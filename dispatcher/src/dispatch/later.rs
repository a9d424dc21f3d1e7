//! An object of which S3 would not tell, or whose job Lambda would not take: looked at again later, by the queue of failed
//! jobs, as jobs that a worker could not end.

use contract::{Change, DeadLetter, Ending, EventObject, Job, ObjectHead, PutOff, Task, with_causes};
use function::Settings;

use super::{Answer, Edge, Verdict, removal};
use crate::failure::{delay_s, is_slow_down};

/// The reason of a letter about an object that was looked at in vain for as long.
const REASON: &str = "dispatch_failed";

impl Answer {
    /// The same, put off where that helps; `attempts` is how often the object was put off before.
    ///
    /// Two tries within three minutes, as Lambda has them for an event, are no cure for SlowDown: S3 takes up to an hour to
    /// partition a prefix. What fails otherwise fails the event the first time, which its source delivers again.
    pub(crate) async fn or_later(mut self, edge: &impl Edge, settings: &Settings, attempts: u32) -> Self {
        let (Verdict::Failed(error), Ok(object)) = (&self.verdict, &self.object) else { return self };
        let message = with_causes(error);
        if attempts == 0 && !is_slow_down(&message) {
            return self;
        }
        let done = match delay_s(&message, attempts, settings.retry_delay_s) {
            Some(delay_s) => {
                let look = PutOff::Object {
                    look: object.clone(),
                    attempts: attempts + 1,
                    correlation_id: self.correlation_id.clone(),
                };
                edge.put_off(&look, delay_s).await.map(|()| Verdict::PutOff { message })
            }
            None => give_up(edge, object, &self.correlation_id, &message).await,
        };
        self.verdict = done.unwrap_or_else(Verdict::Failed);
        self
    }
}

async fn give_up(
    edge: &impl Edge,
    object: &EventObject,
    correlation_id: &str,
    message: &str,
) -> Result<Verdict, function::CallError> {
    let task = match object.change {
        Change::Created => {
            let head = ObjectHead {
                etag: format!("\"{}\"", object.etag.as_deref().unwrap_or_default()),
                ..ObjectHead::default()
            };
            let job = Job::new(&object.bucket, &object.key, head, correlation_id);
            edge.keep(&Ending::about(&job, REASON, message)).await?;
            Task::Make(Job { sequencer: object.sequencer.clone(), ..job })
        }
        Change::Removed => Task::Remove { remove: removal(object, correlation_id) },
    };
    edge.send(&DeadLetter::about(task, REASON, message)).await?;
    Ok(Verdict::Skipped { name: REASON, message: message.to_owned(), is_ordinary: false })
}
