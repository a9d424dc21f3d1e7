//! A function's settings: environment variables and the files packed beside its binary, read once at INIT,
//! all problems reported together.

use std::fmt::Display;
use std::path::PathBuf;

/// Reads settings and collects what is wrong with them.
#[derive(Debug)]
pub struct Environment {
    task_root: PathBuf,
    problems: Vec<String>,
}

/// Everything that is wrong with a function's settings.
#[derive(Debug, thiserror::Error)]
#[error("{}", problems.join("; "))]
pub struct SettingsError {
    problems: Vec<String>,
}

impl Environment {
    /// The process's environment. Packed files are looked for in `LAMBDA_TASK_ROOT`, else in the working folder.
    #[must_use]
    pub fn of_process() -> Self {
        let task_root = std::env::var_os("LAMBDA_TASK_ROOT").map_or_else(|| PathBuf::from("."), PathBuf::from);
        Self { task_root, problems: Vec::new() }
    }

    /// The variable's value; `None` and a problem where it is missing or empty.
    pub fn variable(&mut self, name: &str, expected: &str) -> Option<String> {
        let value = self.optional(name);
        if value.is_none() {
            self.problems.push(format!("{name} is not set: expected {expected}"));
        }
        value
    }

    /// The variable's value, where it may be missing or empty.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// The variable as a whole number; `None` and a problem where it is none.
    pub fn number(&mut self, name: &str, expected: &str) -> Option<u64> {
        let value = self.variable(name, expected)?;
        let number = value.parse().ok();
        if number.is_none() {
            self.problems.push(format!("{name} is `{value}`: expected {expected}"));
        }
        number
    }

    /// Whether the variable says `true`; `None` and a problem where it says neither that nor `false`.
    pub fn flag(&mut self, name: &str, expected: &str) -> Option<bool> {
        let value = self.variable(name, expected)?;
        let flag = value.parse().ok();
        if flag.is_none() {
            self.problems.push(format!("{name} is `{value}`: expected true or false: {expected}"));
        }
        flag
    }

    /// What `parse` makes of the packed file; `None` and a problem where it is missing or refused.
    pub fn file<T, E: Display>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let path = self.task_root.join(name);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()));
        match text.and_then(|text| parse(&text).map_err(|error| error.to_string())) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// Notes a problem that only the caller can see, such as a name that is in no table.
    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// The problems so far, as the error to fail INIT with.
    #[must_use]
    pub fn into_error(self) -> SettingsError {
        SettingsError { problems: self.problems }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_reported_together() {
        let mut environment = Environment { task_root: env!("CARGO_MANIFEST_DIR").into(), problems: Vec::new() };
        assert!(environment.variable("THUMBTIER_TEST_UNSET", "a name").is_none());
        assert!(environment.file("missing.json", |_| Ok::<(), String>(())).is_none());
        assert!(environment.file("Cargo.toml", |_| Err::<(), _>("not a table")).is_none());
        let message = environment.into_error().to_string();
        for want in ["THUMBTIER_TEST_UNSET is not set: expected a name", "missing.json: ", "not a table"] {
            assert!(message.contains(want), "`{message}` does not say `{want}`");
        }
    }

    #[test]
    fn what_is_there_is_returned() {
        let mut environment = Environment { task_root: env!("CARGO_MANIFEST_DIR").into(), problems: Vec::new() };
        assert!(environment.variable("CARGO_MANIFEST_DIR", "a folder").is_some());
        assert_eq!(environment.file("Cargo.toml", |text| Ok::<_, String>(text.contains("function"))), Some(true));
    }
}
