//! The requests that find out what a store does with conditions.

use anyhow::Context;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::delete_object::builders::DeleteObjectFluentBuilder;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::types::EncodingType;
use contract::OWN_PREFIX;
use function::{Conditions, EtagForm, HeadObject as _, Store, status};
use futures_util::future::join_all;

use super::{AT_ONCE, Answer, KeyForm, ODD, Probed, ROUNDS, lacks, lets_through};
use crate::clock::now_ms;

/// No object has it.
const OTHER_ETAG: &str = "\"00000000000000000000000000000000\"";

/// Tries each condition on an object of its own in the bucket of thumbnails, and where `lists`, how keys are listed.
///
/// # Errors
/// A bucket that cannot be written, or a store that did not answer.
pub(crate) async fn probe(store: &Store, lists: bool) -> anyhow::Result<Probed> {
    let object = Object { store, key: format!("{OWN_PREFIX}probe-{}-{}{ODD}", std::process::id(), now_ms()) };
    let bucket = store.destination_bucket();
    object.written().await.with_context(|| format!("writing to `{bucket}`, the bucket of thumbnails"))?;
    let probed = conditions(&object, lists).await;
    let deleted = object.delete().send().await;
    let probed =
        probed.with_context(|| format!("trying what `{bucket}`, the bucket of thumbnails, does with conditions"))?;
    deleted.with_context(|| format!("deleting from `{bucket}`, the bucket of thumbnails"))?;
    Ok(probed)
}

async fn conditions(object: &Object<'_>, lists: bool) -> anyhow::Result<Probed> {
    let (mut writes, mut deletes) = (Vec::new(), Vec::new());
    let absent = match object.absent().await? {
        None => true,
        Some(why) => {
            writes.push(format!("If-None-Match of PutObject: {why}"));
            false
        }
    };
    let unchanged = match object.unchanged().await? {
        Ok(form) => Some(form),
        Err(why) => {
            writes.push(format!("If-Match of PutObject: {why}"));
            None
        }
    };
    let delete = match object.deleted().await? {
        Ok(form) => Some(form),
        Err(why) => {
            deletes.push(format!("If-Match of DeleteObject: {why}"));
            None
        }
    };
    let names = if lists { object.listed().await? } else { None };
    Ok(Probed { conditions: Conditions { absent, unchanged, delete }, names, writes, deletes })
}

/// The object that is tried with.
struct Object<'store> {
    store: &'store Store,
    key: String,
}

impl Object<'_> {
    /// No two have the same bytes, and so none the ETag of another.
    fn put(&self, body: usize) -> PutObjectFluentBuilder {
        let call = self.store.s3().put_object().bucket(self.store.destination_bucket()).key(&self.key);
        call.body(format!("probe {body}").into_bytes().into())
    }

    fn delete(&self) -> DeleteObjectFluentBuilder {
        self.store.s3().delete_object().bucket(self.store.destination_bucket()).key(&self.key)
    }

    /// Writes it, and returns its ETag.
    async fn written(&self) -> anyhow::Result<String> {
        Ok(self.put(0).send().await?.e_tag.unwrap_or_default())
    }

    /// What is wrong with `If-None-Match: *`.
    async fn absent(&self) -> anyhow::Result<Option<String>> {
        let said = answer(self.put(1).if_none_match("*").send().await)?;
        if said != Answer::Refused {
            return Ok(lacks(said));
        }
        for _ in 0..ROUNDS {
            self.delete().send().await?;
            let puts = (0..AT_ONCE).map(async |number| answer(self.put(number).if_none_match("*").send().await));
            if let Some(why) = lets_through(done(join_all(puts).await)) {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }

    /// How an ETag stands in `If-Match`, or what is wrong with it.
    async fn unchanged(&self) -> anyhow::Result<Result<EtagForm, String>> {
        self.written().await?;
        let said = answer(self.put(1).if_match(OTHER_ETAG).send().await)?;
        if let Some(why) = lacks(said) {
            return Ok(Err(why));
        }
        for form in [EtagForm::Quoted, EtagForm::Bare] {
            let etag = self.written().await?;
            let said = answer(self.put(1).if_match(form.of(&etag)).send().await)?;
            // An answer that got lost has the SDK ask again, and then the object is another one already.
            if said != Answer::Done && self.etag().await?.is_some_and(|there| there == etag) {
                continue;
            }
            for _ in 0..ROUNDS {
                let etag = self.written().await?;
                let puts =
                    (1..=AT_ONCE).map(async |number| answer(self.put(number).if_match(form.of(&etag)).send().await));
                if let Some(why) = lets_through(done(join_all(puts).await)) {
                    return Ok(Err(why));
                }
            }
            return Ok(Ok(form));
        }
        Ok(Err("the ETag that the store has is refused too".to_owned()))
    }

    /// The same of DeleteObject.
    async fn deleted(&self) -> anyhow::Result<Result<EtagForm, String>> {
        self.written().await?;
        if let Some(why) = lacks(answer(self.delete().if_match(OTHER_ETAG).send().await)?) {
            return Ok(Err(why));
        }
        for form in [EtagForm::Quoted, EtagForm::Bare] {
            let etag = self.written().await?;
            let said = answer(self.delete().if_match(form.of(&etag)).send().await)?;
            if said == Answer::Done || self.etag().await?.is_none() {
                return Ok(Ok(form));
            }
        }
        Ok(Err("the ETag that the store has is refused too".to_owned()))
    }

    /// Of what is there.
    async fn etag(&self) -> anyhow::Result<Option<String>> {
        let head = self.store.head(self.store.destination_bucket(), &self.key).await?;
        Ok(head.map(|head| head.etag))
    }

    /// How the key stands in a listing.
    async fn listed(&self) -> anyhow::Result<Option<KeyForm>> {
        self.written().await?;
        let prefix = self.key.strip_suffix(ODD).unwrap_or(&self.key);
        let call = self.store.s3().list_objects_v2().bucket(self.store.destination_bucket()).prefix(prefix);
        let page = call.encoding_type(EncodingType::Url).send().await?;
        Ok(page.contents().iter().find_map(|object| KeyForm::of(&self.key, object.key()?)))
    }
}

/// How many were done for certain.
fn done(answers: Vec<anyhow::Result<Answer>>) -> usize {
    answers.into_iter().filter(|answer| matches!(answer, Ok(Answer::Done))).count()
}

/// What the store made of a condition.
///
/// # Errors
/// An answer that is about something else.
fn answer<T, E>(result: Result<T, SdkError<E>>) -> anyhow::Result<Answer>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let Err(error) = result else { return Ok(Answer::Done) };
    match status(&error).and_then(Answer::of) {
        Some(answer) => Ok(answer),
        None => Err(error.into()),
    }
}
