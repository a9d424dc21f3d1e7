//! Which buckets a packaged template watches, and where it lets thumbnails be written. Pure.

use contract::Thumbnails;
use serde_json::Value;

/// A deployment that could loop, or that does not say where it writes.
#[derive(Debug, thiserror::Error)]
pub(super) enum BucketError {
    /// Every thumbnail would be announced as an upload.
    #[error(
        "thumbnails are written to `{bucket}` under `{prefix}`, where uploads are watched: every thumbnail would be \
         made into another; choose another destination_bucket"
    )]
    Loops {
        /// The bucket.
        bucket: String,
        /// What every thumbnail's key starts with.
        prefix: String,
    },
    /// Only a notification's prefix keeps thumbnails apart from uploads.
    #[error(
        "uploads and thumbnails are both in `{bucket}`, and only a notification's prefix tells them apart: choose \
         another destination_bucket"
    )]
    SameBucket {
        /// The bucket.
        bucket: String,
    },
    /// No function has the variable.
    #[error("no function of the template has DESTINATION_BUCKET: is it thumbtier's, as `osls package` writes it?")]
    NoDestination,
}

/// A bucket, or a part of it, whose new objects reach the dispatcher.
struct Watch {
    bucket: String,
    prefix: String,
}

/// Checks that no thumbnail is announced as an upload; the sentence says what is watched and what is written.
pub(super) fn check(template: &Value, thumbnails: &Thumbnails) -> Result<String, BucketError> {
    let resources: Vec<&Value> = template["Resources"].as_object().into_iter().flat_map(|all| all.values()).collect();
    let variables = resources.iter().map(|resource| &resource["Properties"]["Environment"]["Variables"]);
    let named = |variable: &str| -> Vec<String> {
        let values = variables.clone().map(|all| &all[variable]).filter(|value| !value.is_null());
        values.map(|value| name(value, template)).collect()
    };
    let destinations = named("DESTINATION_BUCKET");
    let Some(destination) = destinations.first() else { return Err(BucketError::NoDestination) };
    // Where uploads come by a source that the template does not know, the whole bucket is as good as watched.
    let sources = named("SOURCE_BUCKET").into_iter().map(|bucket| Watch { bucket, prefix: String::new() });
    let declared: Vec<Watch> = resources.iter().flat_map(|resource| watches(resource, template)).collect();
    let is_declared = |watch: &Watch| declared.iter().any(|other| other.bucket == watch.bucket);
    let undeclared: Vec<Watch> = sources.filter(|watch| !is_declared(watch)).collect();

    let (written, _) = thumbnails.key.split_once('{').unwrap_or_default();
    let mut watched = Vec::new();
    for Watch { bucket, prefix } in declared.iter().chain(&undeclared) {
        if destinations.contains(bucket) {
            // Both are known only up to their first placeholder: one may go on as the other does.
            let loops = written.starts_with(prefix.as_str()) || prefix.starts_with(written);
            let (bucket, prefix) = (bucket.clone(), written.to_owned());
            return Err(if loops { BucketError::Loops { bucket, prefix } } else { BucketError::SameBucket { bucket } });
        }
        if !watched.contains(bucket) {
            watched.push(bucket.clone());
        }
    }
    Ok(format!("uploads in {}, thumbnails in {destination}", watched.join(" and ")))
}

/// Whether the template puts CloudFront before the thumbnails.
pub(super) fn has_distribution(template: &Value) -> bool {
    let resources = template["Resources"].as_object().into_iter().flat_map(|all| all.values());
    resources.into_iter().any(|resource| resource["Type"] == "AWS::CloudFront::Distribution")
}

/// The notifications of a bucket.
fn watches(resource: &Value, template: &Value) -> Vec<Watch> {
    if resource["Type"] != "AWS::S3::Bucket" {
        return Vec::new();
    }
    let bucket = name(&resource["Properties"]["BucketName"], template);
    let notification = &resource["Properties"]["NotificationConfiguration"];
    let kinds = ["LambdaConfigurations", "QueueConfigurations", "TopicConfigurations"];
    let filtered = kinds.into_iter().filter_map(|kind| notification[kind].as_array()).flatten();
    let whole = notification["EventBridgeConfiguration"].is_object().then(String::new);
    filtered.map(prefix).chain(whole).map(|prefix| Watch { bucket: bucket.clone(), prefix }).collect()
}

fn prefix(configuration: &Value) -> String {
    let rules = configuration["Filter"]["S3Key"]["Rules"].as_array();
    let is_prefix = |rule: &&Value| rule["Name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("prefix"));
    let rule = rules.and_then(|rules| rules.iter().find(is_prefix));
    rule.and_then(|rule| rule["Value"].as_str()).unwrap_or_default().to_owned()
}

/// A bucket's name, a `Ref` followed and a `Fn::Sub` left as it is written.
fn name(value: &Value, template: &Value) -> String {
    if let Some(reference) = value["Ref"].as_str() {
        let named = &template["Resources"][reference]["Properties"]["BucketName"];
        return if named.is_null() { reference.to_owned() } else { name(named, template) };
    }
    value.as_str().or_else(|| value["Fn::Sub"].as_str()).map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn thumbnails(key: &str) -> Thumbnails {
        let variant = r#"{"name":"a","width_px":9,"height_px":9,"fit":"inside","format":"jpeg","quality":80}"#;
        Thumbnails::parse(&format!(r#"{{"key":"{key}","cache_control":"","variants":[{variant}]}}"#)).unwrap()
    }

    fn template(source: &Value, destination: &Value, notification: &Value) -> Value {
        let variables = json!({ "SOURCE_BUCKET": source, "DESTINATION_BUCKET": destination });
        let bucket = json!({ "BucketName": source, "NotificationConfiguration": notification });
        json!({ "Resources": {
            "Worker": { "Type": "AWS::Lambda::Function", "Properties": { "Environment": { "Variables": variables } } },
            "Uploads": { "Type": "AWS::S3::Bucket", "Properties": bucket },
        } })
    }

    fn lambda(prefix: &str) -> Value {
        let rules = [json!({ "Name": "prefix", "Value": prefix })];
        json!({ "LambdaConfigurations": [{ "Event": "s3:ObjectCreated:*", "Filter": { "S3Key": { "Rules": rules } } }] })
    }

    /// Guard one of four: alone, before anything runs.
    #[test]
    fn thumbnails_never_go_where_uploads_are_watched() {
        let verdict = |template: &Value, key: &str| match check(template, &thumbnails(key)) {
            Ok(_) => "ok",
            Err(BucketError::Loops { .. }) => "loops",
            Err(BucketError::SameBucket { .. }) => "same bucket",
            Err(BucketError::NoDestination) => "no destination",
        };
        let sub = |name: &str| json!({ "Fn::Sub": name });
        let everything = json!({ "LambdaConfigurations": [{ "Event": "s3:ObjectCreated:*" }] });
        let (one, two) = (sub("one-${AWS::Region}"), json!("two"));
        let plain = "{key}/{variant}";
        assert_eq!(verdict(&template(&one, &two, &everything), plain), "ok");
        assert_eq!(verdict(&template(&one, &one, &everything), plain), "loops");
        assert_eq!(verdict(&template(&one, &json!({ "Ref": "Uploads" }), &everything), plain), "loops");
        assert_eq!(verdict(&template(&one, &one, &json!({ "EventBridgeConfiguration": {} })), plain), "loops");
        assert_eq!(verdict(&template(&one, &one, &json!({})), plain), "loops"); // SQS or SNS, connected by hand.
        assert_eq!(verdict(&template(&one, &one, &lambda("uploads/")), plain), "loops"); // The key keeps its prefix.
        assert_eq!(verdict(&template(&one, &one, &lambda("uploads/")), "uploads/t/{key}/{variant}"), "loops");
        assert_eq!(verdict(&template(&one, &one, &lambda("uploads/")), "t/{key}/{variant}"), "same bucket");
        assert_eq!(verdict(&json!({ "Resources": {} }), plain), "no destination");
    }
}
