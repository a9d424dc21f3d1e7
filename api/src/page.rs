//! The page and its files, in the binary; and the headers that every answer has.

use contract::fnv1a;
use function::CallError;
use http::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::response::Builder;

use crate::edge::{PutUpload, Upload};
use crate::request::Body;
use crate::upload::EXPIRES;

/// A file of the page.
#[derive(Debug)]
pub(crate) struct File {
    name: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Every file in `api/page`.
#[rustfmt::skip]
const FILES: &[File] = &[
    File { name: "api.js", content_type: JAVASCRIPT, text: include_str!("../page/api.js") },
    File { name: "ask.js", content_type: JAVASCRIPT, text: include_str!("../page/ask.js") },
    File { name: "files.js", content_type: JAVASCRIPT, text: include_str!("../page/files.js") },
    File { name: "format.js", content_type: JAVASCRIPT, text: include_str!("../page/format.js") },
    File { name: "index.html", content_type: HTML, text: include_str!("../page/index.html") },
    File { name: "main.js", content_type: JAVASCRIPT, text: include_str!("../page/main.js") },
    File { name: "row.js", content_type: JAVASCRIPT, text: include_str!("../page/row.js") },
    File { name: "style.css", content_type: CSS, text: include_str!("../page/style.css") },
    File { name: "tally.js", content_type: JAVASCRIPT, text: include_str!("../page/tally.js") },
    File { name: "token.js", content_type: JAVASCRIPT, text: include_str!("../page/token.js") },
    File { name: "upload.js", content_type: JAVASCRIPT, text: include_str!("../page/upload.js") },
];

/// What every answer has. Source: OWASP, "HTTP Security Response Headers Cheat Sheet".
pub(crate) const SECURITY: [(HeaderName, &str); 3] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
];

/// Of every answer that is not the page: nothing in it may run, whatever a browser takes it for.
pub(crate) const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// The file of this name.
pub(crate) fn file(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

impl File {
    /// Known by the build that it is in.
    pub(crate) fn etag(&self) -> String {
        format!("\"{:016x}\"", fnv1a(self.text.as_bytes()))
    }

    /// As an answer. Scripts and styles come from here, bytes go to `upload_origin`, nothing else happens.
    pub(crate) fn response(&self, upload_origin: &str) -> (Builder, Body) {
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
             connect-src 'self' {upload_origin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        let builder = Response::builder()
            .header(CONTENT_TYPE, self.content_type)
            .header(CACHE_CONTROL, "no-cache")
            .header(ETAG, self.etag())
            .header(CONTENT_SECURITY_POLICY, policy);
        (builder, Body::from(self.text))
    }
}

/// Where presigned URLs lead to. Signing asks nobody.
///
/// # Errors
/// [`CallError`] where there is nothing to sign with.
pub async fn upload_origin(edge: &impl PutUpload) -> Result<String, CallError> {
    let upload = Upload {
        key: "k".into(),
        content_type: "image/jpeg".into(),
        content_encoding: None,
        bytes: 1,
        waited_for: false,
    };
    let url = edge.presign(&upload, EXPIRES).await?;
    Ok(origin(&url).to_owned())
}

/// Scheme and host of a URL: what a Content-Security-Policy calls a source.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url[host..].find(['/', '?']).map_or(url.len(), |end| host + end);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_ends_before_the_path() {
        let check = |url, want| assert_eq!(origin(url), want);
        check("https://b.s3.eu-west-1.amazonaws.com/k?X-Amz-Date=1", "https://b.s3.eu-west-1.amazonaws.com");
        check("http://127.0.0.1:4566/b/k", "http://127.0.0.1:4566");
        check("https://host", "https://host");
    }

    #[test]
    fn every_file_of_the_page_is_in_the_binary() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(file(&name).is_some(), "api/page/{name} is not in FILES");
        }
    }
}
