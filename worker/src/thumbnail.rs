//! What is stored of an image: its thumbnails and their manifest, with everything that S3 is told about them.

use std::collections::HashMap;
use std::fmt::Write as _;

use bytes::Bytes;
use contract::{Job, KeyError, MadeBy, Manifest, ManifestVariant, metadata, thumbnail_key};
use engine::Made;
use sha2::{Digest, Sha256};

use crate::edge::StoredObject;
use crate::settings::Settings;

/// What is stored of `made`, which is of `job`: the manifest last, where the deployment has manifests.
///
/// # Errors
/// [`KeyError`] where a key would be longer than S3 allows.
pub(crate) fn stored_objects(
    made: Made,
    settings: &Settings,
    job: &Job,
    made_by: &MadeBy,
) -> Result<Vec<StoredObject>, KeyError> {
    let thumbnails = &settings.shared.thumbnails;
    let spec = thumbnails.spec_of(&job.key);
    let source = [
        (metadata::SOURCE_ETAG, Some(&job.etag)),
        (metadata::SOURCE_BUCKET, Some(&job.bucket)),
        (metadata::SOURCE_VERSION, job.version_id.as_ref()),
        (metadata::SEQUENCER, job.sequencer.as_ref()),
        (metadata::SPEC, Some(&spec)),
    ];
    let source = source.into_iter().filter_map(|(name, value)| Some((name, value?.clone())));
    let placeholder = made.placeholder.iter().flat_map(contract::Placeholder::to_metadata);
    let metadata = source.chain(made_by.to_metadata()).chain(placeholder);
    let metadata: HashMap<_, _> = metadata.map(|(name, value)| (name.to_owned(), value)).collect();
    let object = |(variant, extension, content_type): (String, &'static str, &'static str), bytes: Vec<u8>| {
        Ok(StoredObject {
            key: thumbnail_key(&thumbnails.key, &job.key, &variant, extension)?,
            variant,
            extension,
            bucket: settings.shared.destination_bucket.clone(),
            content_type,
            cache_control: thumbnails.cache_control.clone(),
            metadata: metadata.clone(),
            bytes: Bytes::from(bytes),
        })
    };
    let (mut objects, mut variants) = (Vec::new(), Vec::new());
    for thumbnail in made.thumbnails {
        let (width_px, height_px) = (thumbnail.width_px, thumbnail.height_px);
        let frames = (thumbnail.frames > 1).then_some(thumbnail.frames);
        let mut stored = object((thumbnail.variant, thumbnail.extension, thumbnail.content_type), thumbnail.bytes)?;
        if let Some(frames) = frames {
            stored.metadata.insert(metadata::FRAMES.to_owned(), frames.to_string());
        }
        if thumbnails.manifest {
            variants.push(ManifestVariant {
                name: stored.variant.clone(),
                key: stored.key.clone(),
                width_px,
                height_px,
                content_type: stored.content_type.to_owned(),
                frames,
                bytes: stored.bytes.len() as u64,
                sha256: sha256(&stored.bytes),
            });
        }
        objects.push(stored);
    }
    if thumbnails.manifest {
        let manifest = Manifest {
            source_key: job.key.clone(),
            source_etag: job.etag.clone(),
            placeholder: made.placeholder,
            warnings: made_by.warnings.clone(),
            variants,
        };
        let json = serde_json::to_vec(&manifest).expect("strings and numbers serialise");
        objects.push(object((Manifest::NAME.to_owned(), Manifest::EXTENSION, Manifest::CONTENT_TYPE), json)?);
    }
    Ok(objects)
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String takes everything");
        hex
    })
}
