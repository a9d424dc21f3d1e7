//! Which request asks for what. Pure: a method and a path in, a route out. `openapi.json` lists the same.

use http::Method;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Store the body under this key.
    PutImage(String),
    /// A URL to upload to.
    CreateUpload,
    /// The thumbnail of this key.
    GetThumbnail(String),
    /// What became of this key.
    GetStatus(String),
    /// What this deployment allows, for the page.
    GetSettings,
    /// The description of all this.
    GetOpenApi,
    /// The page, or a file of it, by its name.
    GetPage(String),
}

/// A request that asks for nothing that is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// Not with any method.
    Path,
    /// With these methods only, as in an `Allow` header.
    Method(&'static str),
}

/// `GET` and what comes with it.
const GET: &str = "GET, HEAD";

impl Route {
    /// By method and path. An HTTP API of API Gateway hands over a path with every escape decoded but one: `%25` stays,
    /// so that it is still known which `%` was escaped.
    ///
    /// # Errors
    /// [`NoRoute`].
    pub(crate) fn of(method: &Method, raw_path: &str) -> Result<Self, NoRoute> {
        let path = &raw_path.replace("%25", "%");
        let (route, methods) = if let Some(key) = path.strip_prefix("/images/") {
            (Self::PutImage(key.to_owned()), "PUT")
        } else if let Some(key) = path.strip_prefix("/thumbnails/") {
            (Self::GetThumbnail(key.to_owned()), GET)
        } else if let Some(key) = path.strip_prefix("/status/") {
            (Self::GetStatus(key.to_owned()), GET)
        } else if let Some(name) = path.strip_prefix("/page/") {
            (Self::GetPage(name.to_owned()), GET)
        } else {
            match path.as_str() {
                "/" => (Self::GetPage("index.html".to_owned()), GET),
                "/uploads" => (Self::CreateUpload, "POST"),
                "/settings" => (Self::GetSettings, GET),
                "/openapi.json" => (Self::GetOpenApi, GET),
                _ => return Err(NoRoute::Path),
            }
        };
        if methods.split(", ").any(|allowed| allowed == method.as_str()) {
            return Ok(route);
        }
        Err(NoRoute::Method(methods))
    }

    /// The name in logs.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::PutImage(_) => "put_image",
            Self::CreateUpload => "create_upload",
            Self::GetThumbnail(_) => "get_thumbnail",
            Self::GetStatus(_) => "get_status",
            Self::GetSettings => "get_settings",
            Self::GetOpenApi => "get_openapi",
            Self::GetPage(_) => "get_page",
        }
    }

    /// The key that it is about.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::PutImage(key) | Self::GetThumbnail(key) | Self::GetStatus(key) => Some(key),
            Self::CreateUpload | Self::GetSettings | Self::GetOpenApi | Self::GetPage(_) => None,
        }
    }

    /// Whether everybody may ask for it: it tells nothing that is not in this repository.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self, Self::GetSettings | Self::GetOpenApi | Self::GetPage(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_paths_choose_the_route() {
        let check = |method: &str, path: &str, want: &str| {
            let got = match Route::of(&method.parse().unwrap(), path) {
                Ok(route) => route.name().to_owned(),
                Err(NoRoute::Path) => "none".to_owned(),
                Err(NoRoute::Method(allow)) => allow.to_owned(),
            };
            assert_eq!(got, want, "{method} {path}");
        };
        check("PUT", "/images/a/b.jpg", "put_image");
        check("GET", "/images/a/b.jpg", "PUT");
        check("POST", "/uploads", "create_upload");
        check("PUT", "/uploads", "POST");
        check("GET", "/thumbnails/a.jpg", "get_thumbnail");
        check("HEAD", "/thumbnails/a.jpg", "get_thumbnail");
        check("DELETE", "/thumbnails/a.jpg", "GET, HEAD");
        check("GET", "/status/a.jpg", "get_status");
        check("GET", "/", "get_page");
        check("GET", "/page/main.js", "get_page");
        check("GET", "/settings", "get_settings");
        check("GET", "/openapi.json", "get_openapi");
        check("GET", "/admin", "none");
        check("get", "/", "GET, HEAD");
    }

    #[test]
    fn a_key_keeps_its_slashes_and_its_percent_signs() {
        let check = |path, want| assert_eq!(Route::of(&Method::PUT, path).unwrap().key(), Some(want));
        check("/images//a/../b", "/a/../b");
        check("/images/100%25 ü.png", "100% ü.png");
        check("/images/%2541%252541", "%41%2541");
    }

    #[test]
    fn nothing_about_an_upload_is_open() {
        assert!(Route::GetPage(String::new()).is_open());
        assert!(!Route::GetThumbnail(String::new()).is_open() && !Route::CreateUpload.is_open());
    }

    /// Both ways: what the document lists is there, and what is there is listed.
    #[test]
    fn the_document_lists_every_path_and_method() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let paths = document["paths"].as_object().unwrap();
        let mut names = std::collections::BTreeSet::new();
        for (path, operations) in paths {
            let example = path.replace("{key}", "a/b.jpg").replace("{name}", "main.js");
            let Err(NoRoute::Method(allowed)) = Route::of(&Method::OPTIONS, &example) else { panic!("{path}") };
            for method in allowed.split(", ") {
                names.insert(Route::of(&method.parse().unwrap(), &example).unwrap().name());
                let is_listed = operations.get(method.to_ascii_lowercase()).is_some();
                // HEAD is listed where a client would use it.
                assert!(is_listed || method == "HEAD", "{method} {path} is not in openapi.json");
            }
            for method in operations.as_object().unwrap().keys().filter(|name| *name != "parameters") {
                let method = method.to_ascii_uppercase().parse().unwrap();
                assert!(Route::of(&method, &example).is_ok(), "{method} {path} is in openapi.json only");
            }
        }
        let all = [
            Route::PutImage(String::new()),
            Route::CreateUpload,
            Route::GetThumbnail(String::new()),
            Route::GetStatus(String::new()),
            Route::GetSettings,
            Route::GetOpenApi,
            Route::GetPage(String::new()),
        ];
        assert_eq!(names, all.iter().map(Route::name).collect());
    }
}
