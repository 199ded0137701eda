//! What a user may hand in: any text arrives as it is, or is refused before anything is sent.

use auth_common::{
    BaseUrl,
    testing::{RequestKind, Response, Script, StandIn},
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use vendors::{blackbox_auth, zapsign_auth};
use zapsign_auth::OrganizationId;

use crate::{
    server::{Server, json},
    vendor::{Client, Login, Vendor, builder, client, credentials, every_vendor, success},
};

async fn any_text_arrives_byte_for_byte<V: Vendor>() {
    let awkward = [
        "+ & = %",
        "%2B%20+a=b&c=d;e",
        " leading and trailing ",
        "\"quoted\" and 'quoted' and \\ and /",
        "pão de queijo, ß, İ, ﬁ, Å",
        // The same letter twice, composed and not: neither is normalised.
        "e\u{301}é",
        "日本語 🦀 \u{10FFFD}",
        "\u{FEFF}\u{200B}\u{202E}",
        "{\"password\":null}",
        "null",
        ":",
    ];
    let basic = Login::of_the_caller::<V>().await.basic;
    for text in awkward {
        assert_arrives::<V>("identity", text).await;
        if !basic || !text.contains(':') {
            assert_arrives::<V>(text, "secret").await;
        }
    }
}
every_vendor!(any_text_arrives_byte_for_byte);

async fn random_text_arrives_byte_for_byte<V: Vendor>() {
    let mut runner = TestRunner::deterministic();
    let text = r"\PC{1,64}";
    let basic = Login::of_the_caller::<V>().await.basic;
    for _ in 0..256 {
        let mut draw = || text.new_tree(&mut runner).unwrap().current();
        let (mut identity, secret) = (draw(), draw());
        if basic {
            identity = identity.replace(':', ".");
        }
        assert_arrives::<V>(&identity, &secret).await;
    }
}
every_vendor!(random_text_arrives_byte_for_byte);

async fn text_arrives_over_the_wire_as_it_was_encoded<V: Vendor>() {
    let secret = " pão + \"queijo\" & 100 % = \\ 🦀 ";
    let vendor = StandIn::playing(V::knowing("maría@example.com", secret, "4321"));
    let client: Client<V> = vendor.authenticator().unwrap().into();
    client.token().await.unwrap();
    assert_eq!((vendor.logins(), vendor.refused()), (1, 0));
}
every_vendor!(text_arrives_over_the_wire_as_it_was_encoded);

async fn empty_text_and_control_characters_are_refused<V: Vendor>() {
    let refused = |identity: &str, secret: &str, problem: &str| {
        let error = credentials::<V>(identity, secret, "4321").err().unwrap();
        assert!(error.rule().contains(problem), "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    };
    refused("", "canary", "empty");
    refused("canary", "", "empty");
    let controls = ('\0'..='\x1f').chain('\x7f'..='\u{9f}');
    for control in controls {
        for text in [
            format!("{control}canary"),
            format!("can{control}ary"),
            format!("canary{control}"),
        ] {
            refused(&text, "canary", "control characters");
            refused("canary", &text, "control characters");
        }
    }
    let longest = "x".repeat(4097);
    refused("canary", &longest, "at most");
    refused(&longest, "canary", "at most");
}
every_vendor!(empty_text_and_control_characters_are_refused);

/// It would end an identity in the header of Basic, and make a different secret of the rest.
async fn colon_is_refused_where_it_would_end_an_identity<V: Vendor>() {
    let basic = Login::of_the_caller::<V>().await.basic;
    for identity in [":", "canary:", ":canary", "canary:canary"] {
        match credentials::<V>(identity, "secret", "4321") {
            Err(error) => {
                assert!(basic, "{error}");
                assert!(error.rule().contains("':'"), "{error}");
                assert!(!error.to_string().contains("canary"));
            }
            Ok(_) => assert!(!basic, "{identity}"),
        }
    }
}
every_vendor!(colon_is_refused_where_it_would_end_an_identity);

#[test]
fn blackbox_takes_64_and_1024_characters() {
    let fits = blackbox_auth::Credentials::new("ç".repeat(64), "ç".repeat(1024));
    assert!(fits.is_ok());
    let identity = blackbox_auth::Credentials::new("ç".repeat(65), "secret").unwrap_err();
    assert_eq!(
        identity.to_string(),
        "username must be at most 64 characters long"
    );
    let secret = blackbox_auth::Credentials::new("identity", "ç".repeat(1025)).unwrap_err();
    assert_eq!(
        secret.to_string(),
        "password must be at most 1024 characters long"
    );
}

#[test]
fn organization_id_that_leads_elsewhere_is_refused() {
    for id in [
        "",
        ".",
        "..",
        "%2e%2e",
        "a/b",
        "/",
        "a?b",
        "?",
        "a#b",
        "#",
        "\\",
        "a\\b",
        "a\tb",
        "\t",
        "a b",
        " 4321",
        "4321\n",
        "a%b",
        "a:b",
        "a@b",
        "ação",
        "４３２１",
        "a\0b",
        "a;b",
    ] {
        let error = id.parse::<OrganizationId>().unwrap_err();
        assert_eq!(error.field(), "organization id", "{id:?}");
    }
    assert!("x".repeat(65).parse::<OrganizationId>().is_err());
    for id in ["4321", "A-z_0", "-", "_", &"x".repeat(64)] {
        id.parse::<OrganizationId>().unwrap();
    }
}

#[tokio::test]
async fn organization_id_is_one_segment_of_the_path() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..256 {
        let id = "[ -~]{1,8}".new_tree(&mut runner).unwrap().current();
        let Ok(organization) = id.parse() else {
            continue;
        };
        let credentials = zapsign_auth::Credentials::new(organization, "identity", "secret");
        let transport = Script::new(move |request| {
            assert_eq!(request.target(), format!("/api/v1/auth/token/{id}/"));
            Ok(Response::json(
                200,
                success::<zapsign_auth::testing::Vendor>("token").to_string(),
            ))
        });
        zapsign_auth::Authenticator::builder(
            zapsign_auth::Environment::Sandbox,
            credentials.unwrap(),
        )
        .transport(transport.transport())
        .build()
        .unwrap()
        .token()
        .await
        .unwrap();
    }
}

#[test]
fn base_url_that_carries_more_than_an_address_is_refused() {
    for (url, problem) in [
        ("https://canary@example.com", "user name"),
        ("https://user:canary@example.com", "user name"),
        ("https://:canary@example.com", "user name"),
        ("https://example.com?canary", "query"),
        ("https://example.com/?key=canary", "query"),
        ("https://example.com?", "query"),
        ("https://example.com#canary", "fragment"),
        ("https://example.com/api#", "fragment"),
        ("https://exam\tple.com/canary", "control characters"),
        (" https://example.com/canary", "white space"),
        ("https://example.com/canary\n", "control characters"),
        ("example.com/canary", "absolute"),
        ("//example.com/canary", "absolute"),
        ("https:///", "absolute"),
        ("", "absolute"),
        ("ftp://example.com/canary", "https://"),
        ("file:///canary", "https://"),
        ("data:canary", "https://"),
    ] {
        let error = url.parse::<BaseUrl>().unwrap_err();
        assert!(error.rule().contains(problem), "{url}: {error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn plain_http_is_for_loopback_only() {
    for url in [
        "http://example.com",
        "http://10.0.0.1",
        "http://192.168.0.1:8080",
        "http://0.0.0.0",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://example.com#127.0.0.1",
        "http://[::ffff:10.0.0.1]",
    ] {
        assert!(url.parse::<BaseUrl>().is_err(), "{url}");
    }
    for url in [
        "http://localhost",
        "http://LOCALHOST:8080/api",
        "http://127.0.0.1",
        "http://127.1.2.3:80",
        "http://[::1]:8080",
    ] {
        url.parse::<BaseUrl>().unwrap();
    }
    let opted_in = BaseUrl::dangerously_allow_plain_http("http://10.0.0.1/api").unwrap();
    assert_eq!(opted_in.as_str(), "http://10.0.0.1/api/");
    let refused = BaseUrl::dangerously_allow_plain_http("http://user:canary@10.0.0.1");
    assert!(refused.is_err());
}

async fn base_url_with_a_path_is_joined_right<V: Vendor>() {
    let login = Login::of_the_caller::<V>().await.target;
    for (path, below) in [
        ("", ""),
        ("/", ""),
        ("/gateway", "/gateway"),
        ("/gateway/", "/gateway"),
        ("/a/b%20c/", "/a/b%20c"),
        ("/a/./b/../c", "/a/c"),
    ] {
        let server = Server::answering(json("200 OK", success::<V>("token").to_string())).await;
        let base = format!("http://{}{path}", server.address())
            .parse()
            .unwrap();
        client::<V>(base).token().await.unwrap();
        let requests = server.requests();
        assert_eq!(requests[0].path(), format!("{below}{login}"));
    }
}
every_vendor!(base_url_with_a_path_is_joined_right);

/// Joined, the path would stand there twice, and the vendor would answer 404.
async fn base_url_that_has_the_vendor_s_path_already_is_refused<V: Vendor>() {
    let login = Login::of_the_caller::<V>().await.target;
    let segments: Vec<&str> = login.trim_matches('/').split('/').collect();
    for length in 2..=segments.len() {
        for (gateway, end) in [("", ""), ("", "/"), ("/gateway", "")] {
            let own = segments[..length].join("/");
            let base = format!("https://vendor.example{gateway}/{own}{end}");
            let error = builder::<V>(base.parse().unwrap()).build().unwrap_err();
            assert_eq!(error.field(), "base URL", "{base}");
            let two = segments[..2].join("/");
            assert_eq!(
                error.rule(),
                format!("must end before /{two}, which is added to it: leave that off")
            );
            // It may be part of the path.
            assert!(!error.to_string().contains("organization"), "{error}");
        }
    }
    // What a gateway may well have of its own.
    for path in [
        segments[0].to_owned(),
        format!("{}x/{}", segments[0], segments[1]),
        format!("{}/{}/gateway", segments[0], segments[1]),
    ] {
        let base = format!("https://vendor.example/{path}");
        let client = builder::<V>(base.parse().unwrap()).build().unwrap();
        assert_eq!(client.base_url().as_str(), format!("{base}/"));
    }
}
every_vendor!(base_url_that_has_the_vendor_s_path_already_is_refused);

async fn refused_setting_sends_nothing<V: Vendor>() {
    let server = Server::answering(json("200 OK", success::<V>("token").to_string())).await;
    let refused = builder::<V>(server.base_url())
        .attempts(0)
        .build()
        .unwrap_err();
    assert_eq!(refused.field(), "attempts");
    assert_eq!(server.connections(), 0);
}
every_vendor!(refused_setting_sends_nothing);

/// The login is the one of these credentials, for the vendor and for a decoder that is not the encoder's.
async fn assert_arrives<V: Vendor>(identity: &str, secret: &str) {
    let login = Login::with::<V>(identity, secret, "4321").await.unwrap();
    assert_eq!(login.kind, RequestKind::Login, "{identity} {secret}");
    for text in [identity, secret] {
        assert!(login.texts.iter().any(|it| it == text), "{text}");
    }
}
