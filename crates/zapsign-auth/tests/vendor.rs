//! What goes over the wire, and what comes back, as *Obter token de acesso* documents it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::mpsc,
    time::Duration,
};

use auth_common::testing::{ManualClock, Response, Script, Wiretap, jwt};
use secrecy::{ExposeSecret, SecretString};
use zapsign_auth::{
    Authenticator, BaseUrl, Credentials, Environment, Error, ErrorResponse, OrganizationId, Vars,
    testing::{StandIn, Vendor},
};

const SUCCESS: &str = r#"{
    "refresh": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCIsImV4cCI6MTcxMDE3ODM0NCwianRpIjoiYjhmZjMwNDJmNjRkNDJmM2FlMzczZmRiNDQ3YTQ2NGEiLCJ1c2Vyb",
    "access": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
}"#;

fn builder(base: BaseUrl) -> zapsign_auth::Builder {
    at(base, "4321", "dev@exemplo.com.br", "Senhaforte123")
}

fn at(base: BaseUrl, id: &str, username: &str, password: &str) -> zapsign_auth::Builder {
    let credentials = Credentials::new(id.parse().unwrap(), username, password).unwrap();
    Authenticator::builder(Environment::Custom(base), credentials)
}

/// What a login makes of this answer.
async fn refusal(status: &str, body: &str) -> Error {
    let wire = Wiretap::answering(status, body).unwrap();
    let zapsign = builder(wire.base_url().unwrap()).build().unwrap();
    zapsign.request_token().await.unwrap_err()
}

/// What a refresh makes of this answer.
async fn refresh_refusal(status: &str, body: &str) -> Error {
    let wire = Wiretap::answering(status, body).unwrap();
    let zapsign = builder(wire.base_url().unwrap()).build().unwrap();
    zapsign.refresh_token(&"old".into()).await.unwrap_err()
}

fn said(error: &Error) -> ErrorResponse {
    error.response().unwrap().clone()
}

fn lines(wire: &Wiretap, path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\n\
         content-type: application/json\r\n\
         accept: application/json\r\n\
         user-agent: zapsign-auth/{}\r\n\
         accept-encoding: identity\r\n\
         host: {}\r\n\
         content-length: {}\r\n\
         \r\n\
         {body}",
        env!("CARGO_PKG_VERSION"),
        wire.host(),
        body.len(),
    )
}

#[tokio::test]
async fn sends_the_documented_login_to_the_last_byte() {
    let wire = Wiretap::answering("200 OK", SUCCESS).unwrap();
    let zapsign = at(
        wire.base_url().unwrap(),
        "4321",
        "dev@exemplo.com.br",
        "Senha\"forte\\123 é",
    );
    zapsign.build().unwrap().request_token().await.unwrap();

    let body = r#"{"username":"dev@exemplo.com.br","password":"Senha\"forte\\123 é"}"#;
    let sent = wire.requests();
    assert_eq!(
        String::from_utf8_lossy(&sent[0]),
        lines(&wire, "/api/v1/auth/token/4321/", body)
    );
    assert_eq!(sent.len(), 1);
}

#[tokio::test]
async fn sends_the_refresh_to_the_last_byte() {
    let wire = Wiretap::answering("200 OK", r#"{"access":"new"}"#).unwrap();
    let zapsign = builder(wire.base_url().unwrap()).build().unwrap();
    let response = zapsign.refresh_token(&"old".into()).await.unwrap();
    assert_eq!(response.access.expose_secret(), "new");
    assert!(response.refresh.is_none());

    let sent = wire.requests();
    assert_eq!(
        String::from_utf8_lossy(&sent[0]),
        lines(&wire, "/api/v1/auth/token-refresh/", r#"{"refresh":"old"}"#)
    );
    assert_eq!(sent.len(), 1);
}

#[tokio::test]
async fn reads_the_documented_success() {
    let wire = Wiretap::answering("200 OK", SUCCESS).unwrap();
    let clock = ManualClock::new("2026-11-22T06:00:00Z".parse().unwrap());
    let zapsign = builder(wire.base_url().unwrap())
        .clock(clock)
        .build()
        .unwrap();

    let pair = zapsign.request_token().await.unwrap();
    assert!(pair.refresh.expose_secret().ends_with("NGEiLCJ1c2Vyb"));
    assert!(pair.access.expose_secret().ends_with("V_adQssw5c"));

    // Neither the answer nor the token says how long; the document does.
    let token = zapsign.token().await.unwrap();
    assert_eq!(token.expires_at().to_rfc3339(), "2026-11-22T07:00:00+00:00");
    let authorization = token.authorization();
    assert!(authorization.to_str().unwrap().starts_with("Bearer eyJhbG"));
    assert!(authorization.is_sensitive());
}

#[tokio::test]
async fn expiry_in_the_token_shortens_the_documented_hour() {
    // A second of it is taken off: that in which it was issued had begun before.
    let access = jwt(r#"{"token_type":"access","iat":1709820140,"exp":1709820441}"#);
    let body = format!(r#"{{"refresh":"r","access":"{access}"}}"#);
    let wire = Wiretap::answering("200 OK", &body).unwrap();
    let clock = ManualClock::new("2026-11-22T06:00:00Z".parse().unwrap());
    let zapsign = builder(wire.base_url().unwrap()).clock(clock);
    let token = zapsign.build().unwrap().token().await.unwrap();
    assert_eq!(token.expires_at().to_rfc3339(), "2026-11-22T06:05:00+00:00");
}

#[tokio::test]
async fn half_a_success_is_none() {
    for (body, missing) in [
        (r#"{"refresh":"r"}"#, "access is missing"),
        (r#"{"access":"a"}"#, "refresh is missing"),
        (r#"{"refresh":"r","access":null}"#, "access is missing"),
        // Of a success no text is shown: it may hold a token.
        (r#"{"detail":"an error after all"}"#, "refresh is missing"),
    ] {
        let error = refusal("200 OK", body).await;
        assert!(matches!(error, Error::InvalidResponse(_)), "{error}");
        assert!(error.to_string().contains(missing), "{error}");
    }
}

#[tokio::test]
async fn reads_the_documented_401_as_wrong_credentials() {
    let body = r#"{
        "detail": "No active account found with the given credentials"
    }"#;
    let error = refusal("401 Unauthorized", body).await;

    assert!(error.is_credentials_refused());
    assert_eq!(
        said(&error).detail.as_deref(),
        Some("No active account found with the given credentials")
    );
    assert!(said(&error).fields.is_empty());
    let address = error.address().unwrap();
    assert!(
        address.ends_with("/api/v1/auth/token/[withheld]/"),
        "{address}"
    );
    assert_eq!(
        error.to_string(),
        format!(
            "ZapSign refused the credentials (401 Unauthorized from {address}): \
         \"No active account found with the given credentials\"; \
         check them and that the account is active"
        )
    );
}

#[tokio::test]
async fn reads_the_documented_400_as_too_many_logins_and_stays_away_for_minutes() {
    let vendor = StandIn::start();
    vendor.rate_limit(None);
    let clock = ManualClock::new("2026-11-22T06:00:00Z".parse().unwrap());
    let zapsign = vendor.builder().unwrap().clock(clock.clone());
    let zapsign = zapsign.build().unwrap();

    let error = zapsign.authorization().await.unwrap_err();
    assert!(matches!(error, Error::RateLimited(_)), "{error}");
    assert_eq!(error.status().unwrap(), 400);
    assert_eq!(said(&error).message.as_deref(), Some("Rate limit exceeded"));
    let pause = (error.retry_at().unwrap() - clock.wall()).to_std().unwrap();
    assert_eq!(pause, Duration::from_secs(300));
    assert_eq!(vendor.refused(), 1);
}

/// The documented text may come in another language.
#[tokio::test]
async fn the_language_of_a_refusal_decides_nothing() {
    let error = refusal("400 Bad Request", r#"{"message":"Limite de tentativas"}"#).await;
    assert!(matches!(error, Error::RateLimited(_)), "{error}");
    let error = refusal("401 Unauthorized", r#"{"detail":"Usuário inativo"}"#).await;
    assert!(error.is_credentials_refused());
}

/// One and the same answer: what was refused decides what it means.
#[tokio::test]
async fn a_401_blames_the_credentials_for_a_login_and_the_token_for_a_refresh() {
    for body in [
        r#"{"detail":"O token é inválido ou expirado","code":"token_not_valid"}"#,
        r#"{"detail":"O token é inválido ou expirado"}"#,
        r#"{"detail":"No active account found with the given credentials"}"#,
    ] {
        let error = refusal("401 Unauthorized", body).await;
        assert!(error.is_credentials_refused(), "{error}");
        let error = refresh_refusal("401 Unauthorized", body).await;
        assert!(matches!(error, Error::Refused(_)), "{error}");
    }
}

#[tokio::test]
async fn other_refusals_of_a_refresh_do_not_blame_the_credentials() {
    let limited = r#"{"message":"Rate limit exceeded"}"#;
    let error = refresh_refusal("400 Bad Request", limited).await;
    assert!(matches!(error, Error::RateLimited(_)), "{error}");
    for body in [
        r#"{"refresh":["This field may not be blank."]}"#,
        r#"{"non_field_errors":["Não."]}"#,
    ] {
        let error = refresh_refusal("400 Bad Request", body).await;
        assert!(matches!(error, Error::Refused(_)), "{error}");
    }
}

#[tokio::test]
async fn reads_errors_of_fields() {
    let body = r#"{"username":["This field is required."],"captcha":["Um.","Dois."],"hint":{}}"#;
    let error = refusal("400 Bad Request", body).await;
    assert!(error.is_credentials_refused());
    let fields = said(&error).fields;
    assert_eq!(fields.len(), 2);
    assert_eq!(fields[0].field, "username");
    assert_eq!(fields[0].messages, ["This field is required."]);
    assert_eq!(fields[1].messages, ["Um.", "Dois."]);
    assert!(
        error
            .to_string()
            .contains("username: This field is required."),
        "{error}"
    );

    let error = refusal("400 Bad Request", r#"{"non_field_errors":["Não."]}"#).await;
    assert!(error.is_credentials_refused());
}

/// The same shape, and not a field that ZapSign was sent: another server's errors.
#[tokio::test]
async fn errors_of_foreign_fields_blame_nobody() {
    for status in ["400 Bad Request", "401 Unauthorized", "403 Forbidden"] {
        for body in [r#"{"errors":["Blocked."]}"#, r#"{"code":"BLOCKED"}"#] {
            let error = refusal(status, body).await;
            assert!(matches!(error, Error::Unavailable(_)), "{error}");
            assert!(error.response().is_none());
        }
    }
}

#[tokio::test]
async fn a_hostile_list_of_field_errors_stays_short() {
    let fields = (0..200).map(|n| format!(r#""f{n}":["no"]"#));
    let fields: Vec<_> = fields.collect();
    let body = format!(r#"{{"username":["no"],{}}}"#, fields.join(","));
    let error = refusal("400 Bad Request", &body).await;
    assert_eq!(said(&error).fields.len(), 16);
}

#[tokio::test]
async fn classifies_what_is_reported_and_what_is_foreign_by_status() {
    for status in [
        "402 Payment Required",
        "403 Forbidden",
        "404 Not Found",
        "406 Not Acceptable",
    ] {
        let error = refusal(status, r#"{"detail":"Não."}"#).await;
        assert!(matches!(error, Error::Refused(_)), "{error}");
        let page = refusal(status, "<h1>Not Found</h1>").await;
        assert!(matches!(page, Error::Unavailable(_)), "{page}");
        assert!(page.response().is_none());
    }
    let throttled = r#"{"detail":"Request was throttled. Expected available in 50 seconds."}"#;
    let error = refusal("429 Too Many Requests", throttled).await;
    assert!(matches!(error, Error::RateLimited(_)), "{error}");
    assert!(said(&error).detail.unwrap().starts_with("Request was"));
    // Not of the login itself: a body that is no JSON, a page of whatever stands in front.
    let error = refusal("400 Bad Request", r#"{"detail":"JSON parse error"}"#).await;
    assert!(matches!(error, Error::Refused(_)), "{error}");
    for body in ["<h1>Bad Request (400)</h1>", ""] {
        let error = refusal("400 Bad Request", body).await;
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
    }
    let error = refusal("500 Internal Server Error", "<h1>Server Error (500)</h1>").await;
    assert!(error.is_transient());
}

#[tokio::test]
async fn refreshes_before_it_logs_in_again() {
    let (vendor, clock, zapsign) = scene();
    zapsign.authorization().await.unwrap();
    clock.advance(HOUR);
    let refreshed = zapsign.authorization().await.unwrap();
    clock.advance(HOUR);
    // The same refresh token, as none came with the answer.
    assert_ne!(zapsign.authorization().await.unwrap(), refreshed);
    assert_eq!((vendor.logins(), vendor.refreshes()), (1, 2));
    assert_eq!(vendor.refused(), 0);
}

#[tokio::test]
async fn adopts_a_rotated_refresh_token() {
    let (vendor, clock, zapsign) = scene();
    vendor.rotate_refresh_tokens();
    for _ in 0..3 {
        zapsign.authorization().await.unwrap();
        clock.advance(HOUR);
    }
    assert_eq!((vendor.logins(), vendor.refreshes()), (1, 2));
    assert_eq!(vendor.refused(), 0);
}

#[tokio::test]
async fn refused_refresh_token_leads_to_one_login_in_the_same_call() {
    let (vendor, clock, zapsign) = scene();
    zapsign.authorization().await.unwrap();
    vendor.revoke_refresh_tokens();
    clock.advance(HOUR);
    zapsign.authorization().await.unwrap();
    assert_eq!((vendor.logins(), vendor.refreshes()), (2, 0));
    assert_eq!(vendor.refused(), 1);
}

#[tokio::test]
async fn refresh_token_that_has_expired_is_not_presented() {
    let (vendor, clock, zapsign) = scene();
    zapsign.authorization().await.unwrap();
    clock.advance(25 * HOUR);
    zapsign.authorization().await.unwrap();
    assert_eq!((vendor.logins(), vendor.refused()), (2, 0));
}

#[tokio::test]
async fn used_up_refresh_token_is_refused_as_reported() {
    let vendor = StandIn::start();
    vendor.rotate_refresh_tokens();
    let zapsign = vendor.authenticator().unwrap();
    let pair = zapsign.request_token().await.unwrap();
    let rotated = zapsign.refresh_token(&pair.refresh).await.unwrap();

    let error = zapsign.refresh_token(&pair.refresh).await.unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    assert_eq!(error.status().unwrap(), 401);
    assert_eq!(said(&error).code.as_deref(), Some("token_not_valid"));

    let rotated: SecretString = rotated.refresh.unwrap();
    zapsign.refresh_token(&rotated).await.unwrap();
    assert_eq!((vendor.logins(), vendor.refreshes()), (1, 2));
}

#[tokio::test]
async fn wrong_credentials_are_refused_as_documented() {
    let vendor = StandIn::start();
    for (id, username, password) in [
        ("1", "dev@exemplo.com.br", "Senhaforte123"),
        ("4321", "someone@exemplo.com.br", "Senhaforte123"),
        ("4321", "dev@exemplo.com.br", "senhaforte123"),
    ] {
        let zapsign = at(vendor.base_url().unwrap(), id, username, password);
        let error = zapsign.build().unwrap().request_token().await.unwrap_err();
        assert!(error.is_credentials_refused());
        assert_eq!(error.status().unwrap(), 401);
    }
    assert_eq!((vendor.logins(), vendor.refused()), (0, 3));
    assert!(vendor.problems().is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let vendor = StandIn::start();
    let elsewhere = StandIn::start();
    let target = format!("{}api/v1/auth/token/4321/", elsewhere.base_url().unwrap());
    vendor.answer(Response::new(301, "text/html", "").with_header("Location", target));

    let error = vendor.authenticator().unwrap().token().await.unwrap_err();
    assert!(matches!(error, Error::InvalidResponse(_)), "{error}");
    assert_eq!((vendor.refused(), elsewhere.logins()), (1, 0));
}

#[tokio::test]
async fn any_unicode_password_arrives_byte_for_byte() {
    let password = " \"日本\" + é&ß=% \\ / 🦀 ";
    let vendor = StandIn::playing(Vendor::with_user("a-B_9", "maría@exemplo.com", password));
    let zapsign = vendor.authenticator().unwrap();
    zapsign.authorization().await.unwrap();
    assert_eq!(vendor.logins(), 1);
}

#[test]
fn organization_id_that_would_lead_elsewhere_is_refused() {
    let long = "x".repeat(65);
    for id in [
        "", ".", "..", "%2e%2e", "a/b", "?", "#", "\\", "\t", " 1", "1 ", "ação", "1\n", &long,
    ] {
        let error = id.parse::<OrganizationId>().unwrap_err();
        assert_eq!(error.field(), "organization id", "{id:?}");
        assert!(id.is_empty() || !error.to_string().contains(id), "{error}");
    }
    for id in ["1", "4321", "a-B_9", &long[..64]] {
        assert!(id.parse::<OrganizationId>().is_ok(), "{id:?}");
    }
}

#[test]
fn no_debug_shows_a_credential() {
    let id = "org-canary".parse().unwrap();
    let credentials = Credentials::new(id, "user-canary", "password-canary").unwrap();
    let shown = format!("{credentials:?}");
    assert!(
        shown.contains("username") && !shown.contains("canary"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_refusal_that_repeats_a_credential_is_withheld() {
    for secret in ["4321", "dev@exemplo.com.br", "Senhaforte123"] {
        let body = format!(r#"{{"detail":"No account {secret}","field {secret}":["{secret}"]}}"#);
        let error = refusal("401 Unauthorized", &body).await;
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(secret), "{shown}");
        assert!(shown.contains("withheld"), "{shown}");
    }
}

#[tokio::test]
async fn the_environment_variables_describe_an_authenticator() {
    let all = [
        ("ZAPSIGN_ORGANIZATION_ID", "4321"),
        ("ZAPSIGN_USERNAME", "dev@exemplo.com.br"),
        ("ZAPSIGN_PASSWORD", "Senhaforte123"),
    ];
    let builder = |vars: &[(&str, &str)]| {
        Authenticator::builder_from(&Vars::from_pairs(vars.iter().copied()))
    };
    for (environment, url) in [
        (None, "https://api.zapsign.com.br/"),
        (Some("production"), "https://api.zapsign.com.br/"),
        (Some("sandbox"), "https://sandbox.api.zapsign.com.br/"),
        (
            Some("https://gateway.example/zs"),
            "https://gateway.example/zs/",
        ),
    ] {
        let (asked, urls) = mpsc::channel();
        let script = Script::new(move |call| {
            asked.send(call.uri().to_string()).unwrap();
            Ok(Response::json(200, SUCCESS))
        });
        let environment = environment.map(|it| ("ZAPSIGN_ENVIRONMENT", it));
        let vars: Vec<_> = all.into_iter().chain(environment).collect();
        let zapsign = builder(&vars).unwrap().transport(script.transport());
        zapsign.build().unwrap().request_token().await.unwrap();
        assert_eq!(
            urls.recv().unwrap(),
            format!("{url}api/v1/auth/token/4321/")
        );
    }
    for missing in all.map(|(name, _)| name) {
        let rest: Vec<_> = all
            .into_iter()
            .filter(|(name, _)| *name != missing)
            .collect();
        assert_eq!(
            builder(&rest).unwrap_err().to_string(),
            format!("{missing} is not set in the environment")
        );
    }
    let error = builder(&[]).unwrap_err();
    for (name, _) in all {
        assert!(error.field().contains(name), "{error}");
    }
    for wrong in [
        ("ZAPSIGN_ORGANIZATION_ID", "../4321"),
        ("ZAPSIGN_USERNAME", ""),
        ("ZAPSIGN_PASSWORD", "line\nbreak"),
        ("ZAPSIGN_ENVIRONMENT", "staging"),
    ] {
        // The first of a name is the one that counts.
        let vars: Vec<_> = [wrong].into_iter().chain(all).collect();
        assert_eq!(builder(&vars).unwrap_err().field(), wrong.0);
    }
}

/// What the vendor's server does, and a client that is careless would stumble over.
mod stand_in {
    use super::*;

    #[test]
    fn answers_a_path_without_its_last_slash_by_a_redirect() {
        let vendor = StandIn::start();
        let answer = exchange(
            &vendor,
            "POST /api/v1/auth/token/4321 HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        );
        assert!(answer.starts_with("HTTP/1.1 301"), "{answer}");
        assert!(
            answer
                .to_ascii_lowercase()
                .contains("location: /api/v1/auth/token/4321/"),
            "{answer}"
        );
        let answer = exchange(
            &vendor,
            "POST /api/v1/auth/token-refresh HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        );
        assert!(answer.starts_with("HTTP/1.1 301"), "{answer}");
        assert_eq!(vendor.refused(), 2);
    }

    #[test]
    fn reads_a_chunked_body_as_empty() {
        let vendor = StandIn::start();
        let body = r#"{"username":"dev@exemplo.com.br","password":"Senhaforte123"}"#;
        let answer = exchange(
            &vendor,
            &format!(
                "POST /api/v1/auth/token/4321/ HTTP/1.1\r\nContent-Type: application/json\r\n\
                 Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                body.len()
            ),
        );
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(
            answer.ends_with(
                r#"{"username": ["This field is required."], "password": ["This field is required."]}"#
            ),
            "{answer}"
        );
        assert_eq!((vendor.logins(), vendor.refused()), (0, 1));
    }

    #[tokio::test]
    async fn ignores_bearer_in_lower_case() {
        let vendor = StandIn::start();
        let zapsign = vendor.authenticator().unwrap();
        let token = zapsign.token().await.unwrap();
        let call = |scheme: &str| {
            let token = token.expose_secret();
            exchange(
                &vendor,
                &format!(
                    "GET /api/v1/docs/?page=1 HTTP/1.1\r\nAuthorization: {scheme} {token}\r\n\r\n"
                ),
            )
        };
        assert!(call("Bearer").starts_with("HTTP/1.1 200"));
        assert!(call("bearer").starts_with("HTTP/1.1 401"));
        assert_eq!(vendor.resource_calls(), 1);
    }

    #[test]
    fn names_what_is_wrong_with_a_login() {
        let vendor = StandIn::start();
        for (request, problem) in [
            (
                "GET /api/v1/auth/token/4321/ HTTP/1.1\r\n\r\n",
                "the method is not POST",
            ),
            (
                "POST /api/v1/auth/token/4321/ HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
                "Content-Type is not application/json",
            ),
            (
                "POST /api/v1/auth/token-refresh/ HTTP/1.1\r\nContent-Type: application/json\r\n\
                 Content-Length: 2\r\n\r\n{}",
                "the fields are not refresh",
            ),
        ] {
            let answer = exchange(&vendor, request);
            assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
            assert!(answer.contains(problem), "{answer}");
            assert_eq!(vendor.problems().last().unwrap(), problem);
        }
    }

    /// The stand-in's answer to a request as no client of ours sends it. It lacks `Host`, which is added here.
    fn exchange(vendor: &StandIn, request: &str) -> String {
        let base = vendor.base_url().unwrap();
        let host = base.as_url().authority();
        let head = format!("HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        let request = request.replacen("HTTP/1.1\r\n", &head, 1);
        let mut connection = TcpStream::connect(host).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn scene() -> (StandIn, ManualClock, Authenticator) {
    let vendor = StandIn::start();
    let clock = ManualClock::new("2026-11-22T06:00:00Z".parse().unwrap());
    let zapsign = vendor.builder().unwrap().clock(clock.clone());
    (vendor, clock, zapsign.build().unwrap())
}

const HOUR: Duration = Duration::from_secs(3600);
