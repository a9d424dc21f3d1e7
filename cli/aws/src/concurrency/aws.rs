//! Lambda's answers: `GetAccountSettings`, `GetFunctionConcurrency`.

use anyhow::Context;

use super::Concurrency;
use crate::aws::{Deployment, Function};

impl Deployment {
    /// What the account has in this region.
    ///
    /// # Errors
    /// Nobody may ask, or Lambda says no number.
    pub(crate) async fn concurrency(&self) -> anyhow::Result<Concurrency> {
        let client = aws_sdk_lambda::Client::new(&self.config);
        let found = client.get_account_settings().send().await.context("asking Lambda for the account's settings")?;
        let limit = found.account_limit().context("Lambda says no limit of the account")?;
        let number = |value: i32| u64::try_from(value).unwrap_or_default();
        let unreserved = limit.unreserved_concurrent_executions().unwrap_or_default();
        Ok(Concurrency { limit: number(limit.concurrent_executions()), unreserved: number(unreserved) })
    }

    /// How many of a function run at once at most, where it has a reservation.
    ///
    /// # Errors
    /// Nobody may ask.
    pub(crate) async fn reserved(&self, function: &Function) -> anyhow::Result<Option<u64>> {
        let client = aws_sdk_lambda::Client::new(&self.config);
        let found = client.get_function_concurrency().function_name(&function.name).send().await;
        let found = found.with_context(|| format!("asking for the reserved concurrency of `{}`", function.name))?;
        Ok(found.reserved_concurrent_executions().and_then(|number| u64::try_from(number).ok()))
    }
}
