//! The environment, read once. Nothing else in this crate looks at it.

use std::time::Duration;

use function::{Environment, SettingsError};

use crate::access::{Access, digest};

/// What differs per deployment.
#[derive(Debug)]
pub struct Settings {
    /// What every function of the deployment is told.
    pub shared: function::Settings,
    /// Who may ask.
    pub access: Access,
    /// Everybody may read thumbnails.
    pub public_thumbnails: bool,
    /// Keys begin with one of these; with none of them in the list, as they like.
    pub key_prefixes: Vec<String>,
    /// How long an upload may stay in work.
    pub max_age: Duration,
}

impl Settings {
    /// Reads the variables and the packed files.
    ///
    /// # Errors
    /// [`SettingsError`], with everything that is missing or wrong.
    pub fn from_env() -> Result<Self, SettingsError> {
        let mut environment = Environment::of_process();
        let shared = function::Settings::from_environment(&mut environment, None);
        let access = access(&mut environment);
        let public_thumbnails = environment.flag("PUBLIC_THUMBNAILS", "whether everybody may read thumbnails");
        let prefixes = environment.optional("KEY_PREFIXES").unwrap_or_default();
        let key_prefixes = prefixes.split(',').map(str::trim).filter(|prefix| !prefix.is_empty()).map(str::to_owned);
        let max_event_age_s = environment.number("MAX_EVENT_AGE_S", "how long an event may wait, in seconds");
        let (Some(shared), Some(access), Some(public_thumbnails), Some(max_event_age_s)) =
            (shared, access, public_thumbnails, max_event_age_s)
        else {
            return Err(environment.into_error());
        };
        Ok(Self {
            shared,
            access,
            public_thumbnails,
            key_prefixes: key_prefixes.collect(),
            // The dispatcher's event may wait that long, and then the worker's.
            max_age: Duration::from_secs(max_event_age_s.saturating_mul(2)),
        })
    }
}

fn access(environment: &mut Environment) -> Option<Access> {
    let name = environment.variable("AUTH", "token, iam or jwt")?;
    match name.as_str() {
        "token" => {
            let hex = environment.variable("TOKEN_SHA256", "the token's SHA-256 in 64 hexadecimal digits")?;
            let sha256 = digest(&hex);
            if sha256.is_none() {
                environment.problem("TOKEN_SHA256 is not 64 hexadecimal digits".to_owned());
            }
            Some(Access::Token { sha256: sha256? })
        }
        "iam" | "jwt" => Some(Access::Gateway { name }),
        other => {
            environment.problem(format!("AUTH is `{other}`: expected token, iam or jwt"));
            None
        }
    }
}
