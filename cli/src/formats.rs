//! `thumbtier formats`: what this build reads, and what a deployment has on.

use std::io::{self, Write as _};

use anyhow::Context;
use clap::Args;
use contract::{Formats, ImageFormat};
use serde::Serialize;

use crate::Ending;

/// Say which formats this build reads, and which of them a deployment has on
#[derive(Debug, Args)]
pub struct FormatsArguments {
    #[command(flatten)]
    on: OnArguments,
    /// One JSON object per format on standard output
    #[arg(long)]
    json: bool,
}

/// Which formats are on.
#[derive(Clone, Debug, Args)]
pub struct OnArguments {
    /// The parameter `formats` of a deployment; every format unless named
    #[arg(long, value_name = "LIST", default_value = "", hide_default_value = true, value_parser = Formats::parse)]
    pub formats: Formats,
}

/// One format.
#[derive(Debug, Serialize)]
struct Line {
    /// As the parameter names it.
    format: &'static str,
    title: &'static str,
    /// `on`, `off` by the parameter, or `not_built`.
    state: &'static str,
    extensions: &'static [&'static str],
    media_types: &'static [&'static str],
}

/// A line for each format.
///
/// # Errors
/// Standard output that cannot be written to.
pub fn run(arguments: &FormatsArguments) -> anyhow::Result<Ending> {
    let mut output = io::stdout().lock();
    for line in ImageFormat::ALL.map(|format| line(format, arguments.on.formats)) {
        let text = if arguments.json {
            serde_json::to_string(&line).expect("strings serialise")
        } else {
            let Line { format, title, state, extensions, .. } = &line;
            format!("{format:<9}  {state:<9}  {title:<13}  {}", extensions.join(" "))
        };
        writeln!(output, "{text}").context("writing to standard output")?;
    }
    Ok(Ending::Done)
}

fn line(format: ImageFormat, on: Formats) -> Line {
    let facts = format.facts();
    let state = match (engine::in_this_build().contains(format), on.contains(format)) {
        (_, false) => "off",
        (false, true) => "not_built",
        (true, true) => "on",
    };
    Line { format: facts.name, title: facts.title, state, extensions: facts.extensions, media_types: facts.media_types }
}
