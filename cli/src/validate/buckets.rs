//! Which buckets a packaged template watches, and where it lets thumbnails be written. Pure.

use contract::{OWN_PREFIX, Thumbnails};
use serde_json::Value;

/// A deployment that could loop, or that does not say where it writes.
#[derive(Debug, thiserror::Error)]
pub(super) enum BucketError {
    /// Every thumbnail would be announced as an upload.
    #[error(
        "thumbnails are written to `{bucket}` under `{prefix}`, where uploads are watched: every thumbnail would be \
         made into another; choose another destination_bucket, or a destination_prefix and source_prefixes of which none \
         begins as the other"
    )]
    Loops {
        /// The bucket.
        bucket: String,
        /// What every thumbnail's key starts with.
        prefix: String,
    },
    /// Our own records would be announced as uploads.
    #[error(
        "uploads in `{bucket}` are watched under `{prefix}`, where this system keeps its own records ({OWN_PREFIX}): choose \
         other source_prefixes"
    )]
    OwnRecords {
        /// The bucket.
        bucket: String,
        /// What is watched.
        prefix: String,
    },
    /// S3 takes no two notifications of one event that one key could match.
    #[error("source_prefixes has `{shorter}` and `{longer}`, and the second begins as the first: leave one out")]
    PrefixesOverlap {
        /// One of them.
        shorter: String,
        /// The other.
        longer: String,
    },
    /// No function has the variable.
    #[error("no function of the template has DESTINATION_BUCKET: is it thumbtier's, as `osls package` writes it?")]
    NoDestination,
}

/// A bucket, or a part of it, whose new objects reach the dispatcher.
#[derive(Clone, Debug)]
struct Watch {
    bucket: String,
    prefix: String,
}

/// What a template says of buckets.
#[derive(Debug)]
pub(super) struct Sides {
    /// What uploads begin with; none is any key.
    pub source_prefixes: Vec<String>,
    /// What is in front of every thumbnail's key.
    pub destination_prefix: String,
    sources: Vec<String>,
    destinations: Vec<String>,
    declared: Vec<Watch>,
}

impl Sides {
    /// Reads the functions' variables and the buckets' notifications.
    ///
    /// # Errors
    /// [`BucketError::NoDestination`].
    pub(super) fn read(template: &Value) -> Result<Self, BucketError> {
        let all = template["Resources"].as_object();
        let resources: Vec<&Value> = all.into_iter().flat_map(|all| all.values()).collect();
        let variables = resources.iter().map(|resource| &resource["Properties"]["Environment"]["Variables"]);
        let named = |variable: &str| -> Vec<String> {
            let values = variables.clone().map(|all| &all[variable]).filter(|value| !value.is_null());
            values.map(|value| name(value, template)).collect()
        };
        let destinations = named("DESTINATION_BUCKET");
        if destinations.is_empty() {
            return Err(BucketError::NoDestination);
        }
        let source_prefixes = named("SOURCE_PREFIXES").first().cloned().unwrap_or_default();
        let source_prefixes = source_prefixes.split(',').map(str::trim).filter(|prefix| !prefix.is_empty());
        let of_eventbridge = eventbridge_prefixes(&resources);
        Ok(Self {
            source_prefixes: source_prefixes.map(str::to_owned).collect(),
            destination_prefix: named("DESTINATION_PREFIX").first().cloned().unwrap_or_default(),
            sources: named("SOURCE_BUCKET"),
            destinations,
            declared: resources.iter().flat_map(|resource| watches(resource, &of_eventbridge, template)).collect(),
        })
    }

    /// Checks that no thumbnail is announced as an upload; the sentence says what is watched and what is written.
    ///
    /// `thumbnails` are those of the deployment, with its prefix.
    pub(super) fn check(&self, thumbnails: &Thumbnails) -> Result<String, BucketError> {
        for (position, longer) in self.source_prefixes.iter().enumerate() {
            let mut others = self.source_prefixes.iter().enumerate().filter(|(place, _)| *place != position);
            if let Some((_, shorter)) = others.find(|(_, other)| longer.starts_with(other.as_str())) {
                return Err(BucketError::PrefixesOverlap { shorter: shorter.clone(), longer: longer.clone() });
            }
        }
        let every_key = [String::new()];
        let prefixes = if self.source_prefixes.is_empty() { &every_key } else { self.source_prefixes.as_slice() };
        // What the functions take for uploads, wherever their events come from: of a bucket that was there before the
        // template says nothing.
        let taken = self
            .sources
            .iter()
            .flat_map(|bucket| prefixes.iter().map(|prefix| Watch { bucket: bucket.clone(), prefix: prefix.clone() }));
        let written = thumbnails.written_prefix();
        let mut watched: Vec<String> = Vec::new();
        for Watch { bucket, prefix } in self.declared.iter().cloned().chain(taken) {
            if self.destinations.contains(&bucket) {
                // Both are known only up to their first placeholder: one may go on as the other does.
                let overlap = |one: &str| one.starts_with(prefix.as_str()) || prefix.starts_with(one);
                if overlap(written) {
                    return Err(BucketError::Loops { bucket, prefix: written.to_owned() });
                }
                if overlap(OWN_PREFIX) {
                    return Err(BucketError::OwnRecords { bucket, prefix });
                }
            }
            if !watched.contains(&bucket) {
                watched.push(bucket);
            }
        }
        let under = |prefixes: &str| if prefixes.is_empty() { String::new() } else { format!(" under {prefixes}") };
        Ok(format!(
            "uploads in {}{}, thumbnails in {}{}",
            watched.join(" and "),
            under(&self.source_prefixes.join(", ")),
            self.destinations[0],
            under(written),
        ))
    }
}

/// A variable of the first function that has it; empty where none has.
pub(super) fn variable(template: &Value, name: &str) -> String {
    let resources = template["Resources"].as_object().into_iter().flat_map(|all| all.values());
    let mut values = resources.map(|resource| &resource["Properties"]["Environment"]["Variables"][name]);
    values.find_map(Value::as_str).unwrap_or_default().to_owned()
}

/// Whether the template puts CloudFront before the thumbnails.
pub(super) fn has_distribution(template: &Value) -> bool {
    let resources = template["Resources"].as_object().into_iter().flat_map(|all| all.values());
    resources.into_iter().any(|resource| resource["Type"] == "AWS::CloudFront::Distribution")
}

/// The notifications of a bucket.
fn watches(resource: &Value, of_eventbridge: &[String], template: &Value) -> Vec<Watch> {
    if resource["Type"] != "AWS::S3::Bucket" {
        return Vec::new();
    }
    let bucket = name(&resource["Properties"]["BucketName"], template);
    let notification = &resource["Properties"]["NotificationConfiguration"];
    let kinds = ["LambdaConfigurations", "QueueConfigurations", "TopicConfigurations"];
    let filtered = kinds.into_iter().filter_map(|kind| notification[kind].as_array()).flatten();
    let by_rule = notification["EventBridgeConfiguration"].is_object().then_some(of_eventbridge);
    let prefixes = filtered.map(prefix).chain(by_rule.into_iter().flatten().cloned());
    prefixes.map(|prefix| Watch { bucket: bucket.clone(), prefix }).collect()
}

/// What keys begin with for which a rule of EventBridge starts something; one that names none is for every key.
fn eventbridge_prefixes(resources: &[&Value]) -> Vec<String> {
    let rules = resources.iter().filter(|resource| resource["Type"] == "AWS::Events::Rule");
    let patterns = rules.map(|rule| &rule["Properties"]["EventPattern"]["detail"]["object"]["key"]);
    let prefixes: Vec<String> = patterns
        .flat_map(|keys| match keys.as_array() {
            Some(keys) => keys.iter().map(|key| key["prefix"].as_str().unwrap_or_default().to_owned()).collect(),
            None => vec![String::new()],
        })
        .collect();
    // Without a rule in the template somebody has one elsewhere.
    if prefixes.is_empty() { vec![String::new()] } else { prefixes }
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

    fn verdict(template: &Value, key: &str) -> &'static str {
        let sides = match Sides::read(template) {
            Ok(sides) => sides,
            Err(_) => return "no destination",
        };
        match sides.check(&thumbnails(key).under(&sides.destination_prefix)) {
            Ok(_) => "ok",
            Err(BucketError::Loops { .. }) => "loops",
            Err(BucketError::OwnRecords { .. }) => "own records",
            Err(BucketError::PrefixesOverlap { .. }) => "prefixes overlap",
            Err(BucketError::NoDestination) => "no destination",
        }
    }

    /// Guard one of four: alone, before anything runs.
    #[test]
    fn thumbnails_never_go_where_uploads_are_watched() {
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
        // Only the notification tells them apart: the functions take every key.
        assert_eq!(verdict(&template(&one, &one, &lambda("uploads/")), "t/{key}/{variant}"), "loops");
        assert_eq!(verdict(&json!({ "Resources": {} }), plain), "no destination");
    }

    #[test]
    fn one_bucket_takes_both_where_no_prefix_begins_as_the_other() {
        let check = |notification: &Value, sources: &str, destination: &str, want: &str| {
            let bucket = json!("pictures");
            let mut template = template(&bucket, &bucket, notification);
            let variables = &mut template["Resources"]["Worker"]["Properties"]["Environment"]["Variables"];
            variables["SOURCE_PREFIXES"] = sources.into();
            variables["DESTINATION_PREFIX"] = destination.into();
            let rule = json!({ "detail": { "object": { "key": [{ "prefix": "photos/" }] } } });
            template["Resources"]["Rule"] =
                json!({ "Type": "AWS::Events::Rule", "Properties": { "EventPattern": rule } });
            assert_eq!(verdict(&template, "{key}/{variant}"), want, "{notification} {sources} {destination}");
        };
        let (photos, nothing) = (lambda("photos/"), json!({}));
        check(&photos, "photos/", "thumbs/", "ok");
        check(&nothing, "photos/,avatars/", "thumbs/", "ok");
        check(&json!({ "EventBridgeConfiguration": {} }), "photos/", "thumbs/", "ok");
        check(&json!({ "EventBridgeConfiguration": {} }), "avatars/", "photos/", "loops"); // The rule's.
        check(&photos, "photos/", "photos/thumbs/", "loops");
        check(&photos, "photos/", "pho", "loops");
        check(&photos, "photos/", "", "loops");
        check(&lambda(""), "photos/", "thumbs/", "loops"); // The notification's.
        check(&nothing, "thumbs/old/", "thumbs/", "loops");
        check(&nothing, ".thumb", "thumbs/", "own records");
        check(&photos, "photos/,photos/2024/", "thumbs/", "prefixes overlap");
        check(&photos, "photos/,photos/", "thumbs/", "prefixes overlap");
    }
}
