//! Alarms: their states, and metrics to bring them about with.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat, Statistic,
};
use serde_json::Value;

use crate::{Deployment, patiently};

impl Deployment {
    /// Makes an alarm with the properties of a template, none of them a reference, and without its actions.
    pub async fn put_alarm(&self, properties: &Value) {
        let text = |name: &str| properties[name].as_str();
        let call = self.cloudwatch.put_metric_alarm().set_alarm_name(text("AlarmName").map(str::to_owned));
        let call = call
            .set_comparison_operator(text("ComparisonOperator").map(ComparisonOperator::from))
            .set_threshold(properties["Threshold"].as_f64())
            .set_evaluation_periods(number(&properties["EvaluationPeriods"]))
            .set_treat_missing_data(text("TreatMissingData").map(str::to_owned));
        let call = match properties["Metrics"].as_array() {
            Some(metrics) => call.set_metrics(Some(metrics.iter().map(query).collect())),
            None => call
                .set_namespace(text("Namespace").map(str::to_owned))
                .set_metric_name(text("MetricName").map(str::to_owned))
                .set_dimensions(Some(dimensions(&properties["Dimensions"])))
                .set_period(number(&properties["Period"]))
                .set_statistic(text("Statistic").map(Statistic::from)),
        };
        call.send().await.expect("alarms can be made");
    }

    /// Takes it away.
    pub async fn delete_alarm(&self, name: &str) {
        self.cloudwatch.delete_alarms().alarm_names(name).send().await.expect("alarms can be deleted");
    }

    /// Publishes a value of a metric, now.
    pub async fn put_metric(&self, namespace: &str, of: &[(&str, &str)], metric: &str, value: f64) {
        let dimensions = of.iter().map(|(name, value)| Dimension::builder().name(*name).value(*value).build());
        let datum = MetricDatum::builder().metric_name(metric).value(value).set_dimensions(Some(dimensions.collect()));
        let datum = datum.timestamp(DateTime::from(std::time::SystemTime::now())).build();
        let call = self.cloudwatch.put_metric_data().namespace(namespace).metric_data(datum);
        call.send().await.expect("metrics can be published");
    }

    /// Waits until an alarm has that state; returns why.
    pub async fn alarm_is(&self, name: &str, want: &str) -> String {
        patiently(&format!("alarm `{name}` in {want}"), || async {
            let found = self.cloudwatch.describe_alarms().alarm_names(name).send().await.expect("alarms can be read");
            let alarm = found.metric_alarms().first()?;
            let state = alarm.state_value()?.as_str();
            (state == want).then(|| alarm.state_reason().unwrap_or_default().to_owned())
        })
        .await
    }

    /// Deletes every message of a queue of the stack.
    pub async fn purge(&self, queue: &str) {
        let url = self.queue_url(queue).await;
        self.sqs.purge_queue().queue_url(url).send().await.expect("queues can be purged");
    }
}

fn number(value: &Value) -> Option<i32> {
    value.as_i64().and_then(|number| i32::try_from(number).ok())
}

fn dimensions(all: &Value) -> Vec<Dimension> {
    let all = all.as_array().into_iter().flatten();
    all.map(|one| {
        let text = |name: &str| one[name].as_str().map(str::to_owned);
        Dimension::builder().set_name(text("Name")).set_value(text("Value")).build()
    })
    .collect()
}

fn query(part: &Value) -> MetricDataQuery {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let query = MetricDataQuery::builder().set_id(text(&part["Id"])).set_return_data(part["ReturnData"].as_bool());
    let stat = &part["MetricStat"];
    if stat.is_null() {
        return query.set_expression(text(&part["Expression"])).set_label(text(&part["Label"])).build();
    }
    let metric = &stat["Metric"];
    let metric = Metric::builder()
        .set_namespace(text(&metric["Namespace"]))
        .set_metric_name(text(&metric["MetricName"]))
        .set_dimensions(Some(dimensions(&metric["Dimensions"])))
        .build();
    let stat = MetricStat::builder().metric(metric).set_period(number(&stat["Period"])).set_stat(text(&stat["Stat"]));
    query.metric_stat(stat.build()).build()
}
