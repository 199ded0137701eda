use std::{collections::HashMap, fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, Uri};
use httpmock::{HttpMockRequest, HttpMockResponse};

/// A request as the vendor sees it.
pub struct Request {
    method: String,
    uri: Uri,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(uri: Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        };
        let length = ("content-length".into(), body.len().to_string());
        Self {
            method: "POST".into(),
            uri,
            headers: headers.iter().map(header).chain([length]).collect(),
            body: body.to_vec(),
        }
    }

    pub(crate) fn from_http(request: &HttpMockRequest) -> Self {
        Self {
            method: request.method_str().into(),
            uri: request.uri(),
            headers: request.headers_vec().to_vec(),
            body: request.body_ref().to_vec(),
        }
    }

    /// The method, in upper case.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Where it went: of a request that came over a socket, path and query alone.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Path and query, still encoded.
    pub fn target(&self) -> String {
        self.uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string)
    }

    /// The value of the header of this name; `None` when it is missing or doubled. Of the headers
    /// that the HTTP library adds, a scripted transport shows `Content-Length` alone.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// The user name and the password of `Authorization: Basic`; `None` when it is missing, or not in base64 and UTF-8.
    pub fn basic(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (user, password) = pair.split_once(':')?;
        Some((user.into(), password.into()))
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The values of a form that was posted with exactly these fields, in this order.
    ///
    /// # Errors
    ///
    /// What is wrong with the request, without secrets.
    pub fn posted_form(&self, names: &[&str]) -> Result<Vec<String>, String> {
        self.posted("application/x-www-form-urlencoded")?;
        let (found, values): (Vec<String>, Vec<String>) = url::form_urlencoded::parse(self.body())
            .into_owned()
            .unzip();
        if found != names {
            return Err(format!(
                "the body is not {}, in this order",
                names.join(", ")
            ));
        }
        Ok(values)
    }

    /// The values of a JSON object of texts that was posted with exactly these fields.
    ///
    /// # Errors
    ///
    /// What is wrong with the request, without secrets.
    pub fn posted_json(&self, names: &[&str]) -> Result<Vec<String>, String> {
        self.posted("application/json")?;
        let mut body: HashMap<String, String> = serde_json::from_slice(self.body())
            .map_err(|_| "the body is not a JSON object of texts".to_owned())?;
        let values = names
            .iter()
            .filter_map(|name| body.remove(*name))
            .collect::<Vec<_>>();
        if values.len() != names.len() || !body.is_empty() {
            return Err(format!("the fields are not {}", names.join(", ")));
        }
        Ok(values)
    }

    fn posted(&self, content_type: &str) -> Result<(), String> {
        if self.method() != "POST" {
            return Err("the method is not POST".into());
        }
        if self.header("content-type") != Some(content_type) {
            return Err(format!("Content-Type is not {content_type}"));
        }
        // A server behind WSGI reads a body without a length as empty.
        if self.header("content-length") != Some(&self.body().len().to_string()) {
            return Err("Content-Length is missing".into());
        }
        Ok(())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Request")
    }
}

/// An answer of the vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) delay: Duration,
}

impl Response {
    /// An answer with this status, `Content-Type` and body.
    pub fn new(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), content_type.into())],
            body: body.into(),
            delay: Duration::ZERO,
        }
    }

    /// An answer in JSON.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The body.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Takes so long to come: by a scripted transport, on the clock of the Tokio runtime.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(crate) fn into_http(self) -> HttpMockResponse {
        HttpMockResponse::builder()
            .status(self.status)
            .headers(self.headers)
            .body(self.body)
            .build()
    }
}
