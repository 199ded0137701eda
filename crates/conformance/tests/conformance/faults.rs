//! What may come over the wire: answers that are cut, flooded, foreign, forged or wrong.

use std::time::Duration;

use auth_common::{
    ErrorKind,
    testing::{ManualClock, Response},
};
use chrono::{DateTime, TimeDelta};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    server::{
        Server,
        Step::{Drip, Flood, Hold, Read, ReadSome, Reset, Send},
        answer, head_and, json,
    },
    vendor::{
        Body, Failed, Login, Vendor, builder, builder_for, client, every_vendor, quoted, success,
        tells_type_and_lifetime, token_field, vendor,
    },
};

// Truncation and size.

async fn truncated_body_is_transient_and_never_parsed<V: Vendor>() {
    let whole = success::<V>("token").to_string();
    let longer = whole.len() + 1;
    let chunk = format!("{:x}\r\n{whole}\r\n", whole.len());
    for cut in [
        head_and(
            &format!("HTTP/1.1 200 OK\r\nContent-Length: {longer}\r\n\r\n"),
            &whole,
        ),
        head_and(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            chunk,
        ),
    ] {
        let server = Server::answering(cut).await;
        assert_eq!(fate::<V>(&server).await, (ErrorKind::Unavailable, 2));
    }
}
every_vendor!(truncated_body_is_transient_and_never_parsed);

async fn body_that_ends_within_its_json_is_refused<V: Vendor>() {
    let whole = success::<V>("token").to_string();
    let shorter = whole.len() - 1;
    for head in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {shorter}\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".into(),
    ] {
        let server = Server::answering(head_and(&head, &whole[..shorter])).await;
        assert_eq!(fate::<V>(&server).await, (ErrorKind::InvalidResponse, 1));
    }
}
every_vendor!(body_that_ends_within_its_json_is_refused);

async fn oversize_body_is_stopped_at_the_cap<V: Vendor>() {
    for head in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"",
        "HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n{\"",
        // One chunk of a terabyte.
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000\r\n{\"",
    ] {
        let flood = vec![b'a'; 4096];
        let server = Server::following([Read, Send(head.into()), Flood(flood)]).await;
        let error = failure::<V>(&server).await;
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("larger than 64 KiB"));
        // What is over the cap is what the sockets of both sides had room for.
        let flooded = server.flooded().await;
        assert!(flooded < 32 << 20, "{flooded} bytes were taken");
        assert_eq!(server.connections(), 1);
    }
}
every_vendor!(oversize_body_is_stopped_at_the_cap);

async fn oversize_refusal_is_classified_by_its_status<V: Vendor>() {
    let page = "x".repeat(65_537);
    let busy = Server::answering(json("502 Bad Gateway", page.clone())).await;
    assert_eq!(fate::<V>(&busy).await, (ErrorKind::Unavailable, 3));
    let forbidden = Server::answering(json("403 Forbidden", page)).await;
    assert_eq!(fate::<V>(&forbidden).await, (ErrorKind::Unavailable, 1));
}
every_vendor!(oversize_refusal_is_classified_by_its_status);

async fn announced_length_is_never_allocated<V: Vendor>() {
    // An allocation of this size would end the process.
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1_u64 << 62);
    let server = Server::answering(head_and(&head, success::<V>("token").to_string())).await;
    assert_eq!(fate::<V>(&server).await, (ErrorKind::Unavailable, 2));
}
every_vendor!(announced_length_is_never_allocated);

async fn body_of_64_kib_is_read_and_no_byte_more<V: Vendor>() {
    let whole = success::<V>("token").to_string();
    let padded = |length| format!("{whole}{}", " ".repeat(length - whole.len()));
    let fits = Server::answering(json("200 OK", padded(65_536))).await;
    assert_eq!(token::<V>(&fits).await, "token");
    let longer = Server::answering(json("200 OK", padded(65_537))).await;
    assert_eq!(fate::<V>(&longer).await, (ErrorKind::InvalidResponse, 1));
}
every_vendor!(body_of_64_kib_is_read_and_no_byte_more);

async fn compressed_body_is_not_inflated<V: Vendor>() {
    let success = success::<V>("token").to_string();
    for (encoding, body) in compressed(&success) {
        let headers = format!("Content-Encoding: {encoding}\r\n");
        let server = Server::answering(answer("200 OK", &headers, body)).await;
        assert_eq!(fate::<V>(&server).await, (ErrorKind::InvalidResponse, 1));
    }
}
every_vendor!(compressed_body_is_not_inflated);

async fn compressed_body_is_not_asked_for_and_named_where_it_comes_all_the_same<V: Vendor>() {
    let success = success::<V>("token").to_string();
    for (encoding, body) in compressed(&success) {
        for status in ["200 OK", "401 Unauthorized", "403 Forbidden"] {
            let headers = format!("Content-Encoding: {encoding}\r\n");
            let server = Server::answering(answer(status, &headers, body.clone())).await;
            let error = failure::<V>(&server).await.to_string();
            assert!(
                error.contains(&format!("compressed ({encoding})"))
                    || error.contains(&format!("compressed body ({encoding})")),
                "{error}"
            );
            let asked = &server.requests()[0];
            assert_eq!(asked.header("accept-encoding"), Some("identity"));
        }
    }
    // What the header says is shown in words of ours alone, and does not matter to a body that is as it should be.
    let strange = "Content-Encoding: secret-of-the-server\r\n";
    let server = Server::answering(answer("200 OK", strange, "\x1f\x08")).await;
    let error = failure::<V>(&server).await.to_string();
    assert!(error.contains("compressed (unknown coding)"), "{error}");
    for coding in [
        strange,
        "Content-Encoding: identity\r\n",
        "Content-Encoding:\r\n",
    ] {
        let server = Server::answering(answer("200 OK", coding, &success)).await;
        assert_eq!(token::<V>(&server).await, "token");
    }
}
every_vendor!(compressed_body_is_not_asked_for_and_named_where_it_comes_all_the_same);

/// The HTTP library of this very build does inflate, unless it is told not to.
#[tokio::test]
async fn compressed_bodies_are_sound() {
    let success = r#"{"access_token":"t"}"#;
    for (encoding, body) in compressed(success) {
        let headers = format!("Content-Encoding: {encoding}\r\n");
        let server = Server::answering(answer("200 OK", &headers, body)).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = server.base_url().as_url().clone();
        let text = client.post(url).send().await.unwrap().text().await.unwrap();
        assert_eq!(text, success, "{encoding}");
    }
}

// Time.

async fn slow_drip_ends_at_the_deadline<V: Vendor>() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n";
    for script in [
        vec![Read, Drip(b"HTTP/1.1 200 OK\r\nX-Drip: ".into())],
        vec![Read, Send(head.into()), Drip(b" ".into())],
    ] {
        let server = Server::following(script).await;
        assert_eq!(overdue::<V>(&server).await, ErrorKind::TimedOut);
    }
}
every_vendor!(slow_drip_ends_at_the_deadline);

async fn stalled_answer_ends_at_the_deadline<V: Vendor>() {
    for sent in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{",
    ] {
        let server = Server::following([Read, Send(sent.into()), Hold]).await;
        assert_eq!(overdue::<V>(&server).await, ErrorKind::TimedOut);
    }
}
every_vendor!(stalled_answer_ends_at_the_deadline);

async fn interim_answers_without_end_end_at_the_deadline<V: Vendor>() {
    for interim in ["100 Continue", "102 Processing", "103 Early Hints"] {
        let interim = format!("HTTP/1.1 {interim}\r\n\r\n").into_bytes();
        let server = Server::following([Read, Flood(interim)]).await;
        assert_eq!(overdue::<V>(&server).await, ErrorKind::TimedOut);
    }
}
every_vendor!(interim_answers_without_end_end_at_the_deadline);

async fn retries_end_with_the_deadline_of_all<V: Vendor>() {
    let server = Server::answering(answer("503 Service Unavailable", "", "")).await;
    let clock = ManualClock::new(DateTime::UNIX_EPOCH);
    let client = builder::<V>(server.base_url())
        // With a clock moved by hand the first pause is a quarter of a second.
        .deadline(Duration::from_millis(200))
        .clock(clock)
        .build()
        .unwrap();
    let error = client.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(server.connections(), 1);
}
every_vendor!(retries_end_with_the_deadline_of_all);

// The head of an answer.

async fn header_flood_is_refused<V: Vendor>() {
    let success = success::<V>("token").to_string();
    let headers = |number: usize| -> String {
        let fixed = 1;
        (fixed..number).map(|n| format!("X-{n}: {n}\r\n")).collect()
    };
    let fits = Server::answering(answer("200 OK", &headers(64), &success)).await;
    assert_eq!(token::<V>(&fits).await, "token");
    let more = Server::answering(answer("200 OK", &headers(65), &success)).await;
    assert_eq!(fate::<V>(&more).await, (ErrorKind::Unavailable, 2));

    for endless in ["X-Header: value\r\n", "aaaaaaaaaaaaaaaa"] {
        let head = "HTTP/1.1 200 OK\r\nX-Header: ";
        let endless = endless.repeat(64).into_bytes();
        let server = Server::following([Read, Send(head.into()), Flood(endless)]).await;
        assert_eq!(fate::<V>(&server).await, (ErrorKind::Unavailable, 2));
    }
}
every_vendor!(header_flood_is_refused);

async fn content_type_does_not_matter<V: Vendor>() {
    for header in [
        "",
        "Content-Type: text/html; charset=utf-16\r\n",
        "Content-Type: application/xml\r\n",
        "Content-Type: ???\r\n",
    ] {
        let success = success::<V>("token").to_string();
        let server = Server::answering(answer("200 OK", header, success)).await;
        assert_eq!(token::<V>(&server).await, "token");
    }
}
every_vendor!(content_type_does_not_matter);

async fn redirects_are_never_followed<V: Vendor>() {
    let login = Login::of_the_caller::<V>().await.target;
    for status in [300, 301, 302, 303, 307, 308] {
        let elsewhere = Server::answering(json("200 OK", success::<V>("forged").to_string())).await;
        for location in [
            format!("{}here", elsewhere.base_url()),
            format!("//{}/here", elsewhere.address()),
            format!("{login}/"),
        ] {
            let headers = format!("Location: {location}\r\n");
            let redirect = answer(&format!("{status} Elsewhere"), &headers, "");
            let server = Server::answering(redirect).await;
            assert_eq!(fate::<V>(&server).await, (ErrorKind::InvalidResponse, 1));
            assert_eq!(elsewhere.connections(), 0, "{status} to {location}");
        }
    }
}
every_vendor!(redirects_are_never_followed);

async fn cookies_are_ignored<V: Vendor>() {
    let headers = "Set-Cookie: session=planted; Path=/\r\n";
    let busy = answer("503 Service Unavailable", headers, "");
    let success = answer("200 OK", headers, success::<V>("token").to_string());
    let server = Server::scripted(move |connection| {
        let answer = if connection == 0 { &busy } else { &success };
        vec![Read, Send(answer.clone())]
    })
    .await;
    let client = client::<V>(server.base_url());
    client.token().await.unwrap();
    client.request_token().await.map(drop).unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|it| it.header("cookie").is_none()));
}
every_vendor!(cookies_are_ignored);

async fn connection_that_ends_at_any_stage_is_transient<V: Vendor>() {
    let client = client::<V>(Server::nobody().await);
    let error = client.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(client.snapshot().logins, 3);

    let length = success::<V>("token").to_string().len();
    let parts: [Vec<u8>; 4] = [
        b"HTTP/1.1 2".into(),
        b"HTTP/1.1 200 OK\r\nContent-Le".into(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{{\"").into(),
    ];
    let mut scripts = vec![
        vec![],
        vec![ReadSome],
        vec![ReadSome, Reset],
        vec![Read],
        vec![Read, Reset],
        vec![
            Read,
            Send(b"\x15\x03\x01\x00\x02\x02\x28 is not HTTP\r\n\r\n".into()),
        ],
    ];
    for part in parts {
        scripts.push(vec![Read, Send(part.clone())]);
        scripts.push(vec![Read, Send(part), Reset]);
    }
    let mut stages = JoinSet::new();
    for script in scripts {
        stages.spawn(async { fate::<V>(&Server::following(script).await).await });
    }
    while let Some(fate) = stages.join_next().await {
        assert_eq!(fate.unwrap(), (ErrorKind::Unavailable, 2));
    }

    let (class, connections) = fate::<V>(&Server::following([Reset]).await).await;
    assert_eq!(class, ErrorKind::Unavailable);
    // So early that the client may learn of it while it connects, and then knows that nothing was sent.
    assert!((2..=3).contains(&connections));
}
every_vendor!(connection_that_ends_at_any_stage_is_transient);

// What a person reads.

/// Where it goes is known from what arrives; what of it is the caller's own, from the caller.
async fn every_error_names_the_address_and_the_request_id<V: Vendor>() {
    let id = "X-Request-Id: 0b9f4c21\r\n";
    for status in [
        "401 Unauthorized",
        "404 Not Found",
        "503 Unavailable",
        "200 OK",
        "302 Found",
    ] {
        let server = Server::answering(answer(status, id, "")).await;
        let client = builder::<V>(server.base_url()).attempts(1).build().unwrap();
        let error = client.token().await.unwrap_err();
        let address = error.address().unwrap();
        let path = address.strip_prefix(server.base_url().as_str().trim_end_matches('/'));
        let request = &server.requests()[0];
        match path.unwrap().split_once("[withheld]") {
            Some((before, after)) => {
                assert!(request.path().starts_with(before), "{address}");
                assert!(request.path().ends_with(after), "{address}");
            }
            None => assert_eq!(path, Some(request.path())),
        }
        let text = error.to_string();
        assert_eq!(text.matches(address).count(), 1, "{text}");
        assert!(text.contains("request id 0b9f4c21"), "{text}");
    }
    let nobody = Server::nobody().await;
    let error = client::<V>(nobody.clone()).token().await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(&format!("cannot connect to {nobody}")),
        "{text}"
    );
    assert!(text.contains("Connection refused"), "{text}");
}
every_vendor!(every_error_names_the_address_and_the_request_id);

// The body of a success.

async fn html_on_200_is_an_invalid_response<V: Vendor>() {
    let page = "<!DOCTYPE html><html><body>Sign in to the guest network</body></html>";
    let server = Server::answering(answer("200 OK", "Content-Type: text/html\r\n", page)).await;
    assert_eq!(fate::<V>(&server).await, (ErrorKind::InvalidResponse, 1));
}
every_vendor!(html_on_200_is_an_invalid_response);

async fn one_byte_order_mark_is_stripped<V: Vendor>() {
    let success = success::<V>("token");
    assert_eq!(obtained::<V>(format!("\u{FEFF}{success}")).await, "token");
    assert_refused::<V>(format!("\u{FEFF}\u{FEFF}{success}")).await;
}
every_vendor!(one_byte_order_mark_is_stripped);

async fn doubled_fields_are_refused<V: Vendor>() {
    let token = token_field::<V>();
    for doubled in [&token, "unknown"] {
        let body = success::<V>("token")
            .with("unknown", "1")
            .adding(doubled, quoted("other"));
        assert_refused::<V>(body).await;
    }
    // The same name, written otherwise.
    let escaped = token.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
    let escaped: String = escaped.collect();
    let body = success::<V>("token").to_string();
    assert_refused::<V>(body.replacen('{', &format!("{{\"{escaped}\":\"other\","), 1)).await;
}
every_vendor!(doubled_fields_are_refused);

async fn trailing_bytes_are_refused<V: Vendor>() {
    let success = success::<V>("token");
    assert_eq!(obtained::<V>(format!(" \r\n{success}\r\n")).await, "token");
    for trailing in ["}", "x", "\0", "{}", "<html>"] {
        assert_refused::<V>(format!("{success}{trailing}")).await;
    }
}
every_vendor!(trailing_bytes_are_refused);

async fn token_that_is_no_text_is_refused<V: Vendor>() {
    assert_refused::<V>(success::<V>("token").without(&token_field::<V>())).await;
    for value in [
        "null",
        "\"\"",
        "{}",
        "{\"a\":1}",
        "[]",
        "[\"token\"]",
        "1",
        "true",
    ] {
        assert_refused::<V>(success::<V>("token").with(&token_field::<V>(), value)).await;
    }
}
every_vendor!(token_that_is_no_text_is_refused);

async fn token_that_no_header_carries_is_refused<V: Vendor>() {
    for character in [
        "\r",
        "\n",
        "\r\nX-Injected: 1",
        "\0",
        " ",
        "\t",
        "\x7f",
        "é",
        "🦀",
    ] {
        for token in [
            format!("to{character}ken"),
            format!("{character}token"),
            format!("token{character}"),
        ] {
            assert_refused::<V>(success::<V>(&token)).await;
        }
    }
    assert_refused::<V>(success::<V>(&"t".repeat(16_385))).await;
    let longest = "t".repeat(16_384);
    assert_eq!(obtained::<V>(success::<V>(&longest)).await, longest);
}
every_vendor!(token_that_no_header_carries_is_refused);

async fn unknown_fields_and_deep_nesting_are_ignored<V: Vendor>() {
    for value in [
        "null".into(),
        "1e400".into(),
        "{\"a\":{\"b\":[1,2,{}]}}".into(),
        format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{}1{}", "{\"a\":".repeat(8_000), "}".repeat(8_000)),
    ] {
        let body = success::<V>("token").with("unknown", value);
        assert_eq!(obtained::<V>(body).await, "token");
    }
}
every_vendor!(unknown_fields_and_deep_nesting_are_ignored);

async fn expires_in_of_any_shape_is_understood_or_refused<V: Vendor>() {
    let week = 7 * 24 * 3600;
    let fallback = V::FALLBACK_LIFETIME.as_secs();
    for (value, seconds) in [
        ("3600", 3600),
        ("\"3600\"", 3600),
        ("\" 3600 \"", 3600),
        ("3600.9", 3600),
        ("\"3600.9\"", 3600),
        ("3.6e3", 3600),
        ("1", 1),
        ("604800", week),
        // A moment, or milliseconds, or nothing that could be believed.
        ("1795578169", fallback),
        ("3600000", fallback),
        ("604801", fallback),
        ("1e400", fallback),
        ("18446744073709551615", fallback),
        ("99999999999999999999999999", fallback),
        ("null", fallback),
    ] {
        let body = success::<V>("token").with("expires_in", value);
        let expected = if tells_type_and_lifetime::<V>() {
            seconds
        } else {
            fallback
        };
        assert_eq!(lifetime::<V>(body).await, expected, "{value}");
    }
    let silent = success::<V>("token").without("expires_in");
    assert_eq!(lifetime::<V>(silent).await, fallback);

    for value in [
        "0", "-1", "-3600", "0.99", "-1e400", "1e-400", "\"\"", "\"soon\"", "\"NaN\"", "\"inf\"",
        "true", "{}", "[3600]",
    ] {
        let body = success::<V>("token").with("expires_in", value);
        if tells_type_and_lifetime::<V>() {
            assert_refused::<V>(body).await;
        } else {
            assert_eq!(lifetime::<V>(body).await, fallback, "{value}");
        }
    }
}
every_vendor!(expires_in_of_any_shape_is_understood_or_refused);

async fn token_type_in_any_case_or_missing_is_bearer<V: Vendor>() {
    for kind in [
        "\"Bearer\"",
        "\"bearer\"",
        "\"BEARER\"",
        "\"bEaReR\"",
        "null",
    ] {
        let body = success::<V>("token").with("token_type", kind);
        assert_eq!(obtained::<V>(body).await, "token");
    }
    let silent = success::<V>("token").without("token_type");
    assert_eq!(obtained::<V>(silent).await, "token");
}
every_vendor!(token_type_in_any_case_or_missing_is_bearer);

async fn other_token_types_are_refused<V: Vendor>() {
    for kind in [
        "\"mac\"",
        "\"DPoP\"",
        "\"\"",
        "\"Bearer \"",
        "\"Bearer\\n\"",
        "1",
        "[\"Bearer\"]",
    ] {
        let body = success::<V>("token").with("token_type", kind);
        if tells_type_and_lifetime::<V>() {
            assert_refused::<V>(body).await;
        } else {
            assert_eq!(obtained::<V>(body).await, "token");
        }
    }
}
every_vendor!(other_token_types_are_refused);

async fn error_object_inside_a_200_is_an_error<V: Vendor>() {
    for (refusal, _) in vendor::<V>().refusals() {
        assert_refused::<V>(refusal.body()).await;
    }
    assert_refused::<V>(r#"{"error":"invalid_grant","error_description":"wrong"}"#).await;
}
every_vendor!(error_object_inside_a_200_is_an_error);

async fn json_that_is_no_object_is_refused<V: Vendor>() {
    for body in [
        "null",
        "[]",
        "\"token\"",
        "1",
        "true",
        "[{\"access_token\":\"token\"}]",
    ] {
        assert_refused::<V>(body).await;
    }
}
every_vendor!(json_that_is_no_object_is_refused);

async fn created_with_a_good_body_is_accepted<V: Vendor>() {
    let success = success::<V>("token").to_string();
    let server = Server::answering(json("201 Created", success)).await;
    assert_eq!(token::<V>(&server).await, "token");
}
every_vendor!(created_with_a_good_body_is_accepted);

async fn success_without_content_is_an_invalid_response<V: Vendor>() {
    for nothing in [
        b"HTTP/1.1 204 No Content\r\n\r\n".into(),
        answer("200 OK", "", ""),
        answer("200 OK", "", " \r\n"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
    ] {
        let server = Server::answering(nothing).await;
        assert_eq!(fate::<V>(&server).await, (ErrorKind::InvalidResponse, 1));
    }
}
every_vendor!(success_without_content_is_an_invalid_response);

// The body of a refusal.

async fn documented_refusals_mean_what_the_document_says<V: Vendor>() {
    let vendor = vendor::<V>();
    let documented = vendor.refusals();
    assert!(!documented.is_empty());
    for (refusal, kind) in &documented {
        let (error, said) = refused::<V>(refusal).await;
        assert_eq!(error.kind(), *kind, "{refusal:?}");
        assert!(!said.is_empty(), "nothing is read of {refusal:?}");
    }

    // What the stand-in says, whose texts may be its own.
    let (error, said) = refused::<V>(&vendor.credentials_refused()).await;
    assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
    assert!(!said.is_empty());
    let (error, _) = refused::<V>(&vendor.rate_limited()).await;
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    let (error, said) = refused::<V>(&vendor.request_refused("a problem")).await;
    let blames = [ErrorKind::CredentialsRefused, ErrorKind::Refused];
    assert!(blames.contains(&error.kind()), "{error}");
    assert!(said.contains("a problem"), "{said}");
}
every_vendor!(documented_refusals_mean_what_the_document_says);

async fn foreign_error_body_is_classified_by_status<V: Vendor>() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let bodies: [&[u8]; 11] = [
        b"",
        b"null",
        b"[]",
        b"[{\"error\":\"invalid_grant\"}]",
        b"\"wrong\"",
        b"42",
        b"<html><h1>Bad Gateway</h1></html>",
        b"\xff\xfe\x00{\"error\":1}",
        b"{\"error\":{\"code\":{}},\"message\":[[]],\"detail\":{},\"mensagem\":1e400,\"code\":[],\"details\":7}",
        b"{\"error\":",
        deep.as_bytes(),
    ];
    for (status, class) in [
        ("400 Bad Request", ErrorKind::Unavailable),
        ("401 Unauthorized", ErrorKind::Unavailable),
        ("403 Forbidden", ErrorKind::Unavailable),
        ("404 Not Found", ErrorKind::Unavailable),
        ("405 Method Not Allowed", ErrorKind::Unavailable),
        ("421 Misdirected Request", ErrorKind::Unavailable),
        ("425 Too Early", ErrorKind::Unavailable),
        ("429 Too Many Requests", ErrorKind::RateLimited),
        ("500 Internal Server Error", ErrorKind::Unavailable),
        ("502 Bad Gateway", ErrorKind::Unavailable),
        ("503 Service Unavailable", ErrorKind::Unavailable),
    ] {
        for body in bodies {
            let server = Server::answering(answer(status, "", body)).await;
            let error = failure::<V>(&server).await;
            assert_eq!(error.kind(), class, "{status}");
            assert_eq!(error.status().unwrap().as_str(), &status[..3]);
            assert!(error.response().is_none(), "{error}");
        }
    }
}
every_vendor!(foreign_error_body_is_classified_by_status);

/// What came, and who has probably sent it; and nothing that blames the credentials.
async fn text_tells_that_a_page_came_and_not_the_vendors_json<V: Vendor>() {
    for (header, came) in [
        (
            "Content-Type: text/html; charset=utf-8\r\n",
            "a page (text/html) came",
        ),
        ("Content-Type: text/plain\r\n", "a body (text/plain) came"),
        ("", "a body of no named type came"),
    ] {
        for status in ["400 Bad Request", "401 Unauthorized", "403 Forbidden"] {
            let server = Server::answering(answer(status, header, "<h1>Blocked</h1>")).await;
            let error = failure::<V>(&server).await;
            let text = error.to_string();
            let named = format!("{came} and not the vendor's JSON, probably from a gateway");
            assert!(text.contains(status) && text.contains(&named), "{text}");
            assert!(
                !text.contains("refused") && !text.contains("check them"),
                "{text}"
            );
            assert!(error.is_transient(), "{text}");
        }
    }
    let nothing = Server::answering(answer("404 Not Found", "", "")).await;
    let text = failure::<V>(&nothing).await.to_string();
    assert!(text.contains("an empty body came"), "{text}");
    let hostile = "Content-Type: text/secret-of-the-caller\r\n";
    let repeats = Server::answering(answer("403 Forbidden", hostile, "<h1>No</h1>")).await;
    let text = failure::<V>(&repeats).await.to_string();
    assert!(text.contains("[withheld]"), "{text}");
}
every_vendor!(text_tells_that_a_page_came_and_not_the_vendors_json);

/// RFC 6749 §5.2 holds for every vendor, also where its document shows another answer.
async fn codes_of_oauth_blame_the_credentials_of_every_vendor<V: Vendor>() {
    for code in ["invalid_grant", "invalid_client"] {
        for status in ["400 Bad Request", "401 Unauthorized", "403 Forbidden"] {
            let body = format!(r#"{{"error":"{code}"}}"#);
            let server = Server::answering(json(status, body)).await;
            let error = failure::<V>(&server).await;
            assert_eq!(error.kind(), ErrorKind::CredentialsRefused, "{error}");
            assert!(error.to_string().contains(code), "{error}");
        }
    }
    // Nor does it matter that a user is named like a part of the code, which is then withheld from what is shown.
    let server = Server::answering(json("400 Bad Request", r#"{"error":"invalid_grant"}"#)).await;
    let named = V::knowing("invalid", "secret", "organization");
    let client = builder_for(&named, server.base_url()).unwrap();
    let error = client.build().unwrap().token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsRefused, "{error}");
    let refused = json("400 Bad Request", r#"{"error":"invalid_request"}"#);
    let error = failure::<V>(&Server::answering(refused).await).await;
    let blames = [ErrorKind::CredentialsRefused, ErrorKind::Refused];
    assert!(blames.contains(&error.kind()), "{error}");
}
every_vendor!(codes_of_oauth_blame_the_credentials_of_every_vendor);

async fn retry_after_is_obeyed_within_reason<V: Vendor>() {
    let date = |seconds: i64| {
        (START + TimeDelta::seconds(seconds))
            .format("%a, %d %b %Y %H:%M:%S GMT")
            .to_string()
    };
    let year = 365 * 24 * 3600;
    // A tenth longer than the vendor said, on average, so that not all come at once; and an hour at most.
    let hour = 3960;
    let unsaid = 300;
    for (value, pause, requests) in [
        ("30", 33, 1),
        ("20.5", 22, 1),
        (&date(60), 66, 1),
        // Whoever writes it by hand gets the weekday wrong.
        (&date(60).replace("Fri", "Mon"), 66, 1),
        ("31536000", hour, 1),
        ("99999999999999999999999999", hour, 1),
        (&date(year), hour, 1),
        // Not longer than a caller can be kept waiting: obeyed within the same request for a token.
        ("0", 1, 3),
        (&date(-year), 1, 3),
        ("-30", unsaid, 1),
        ("soon", unsaid, 1),
        ("", unsaid, 1),
        ("30 s", unsaid, 1),
        ("Sun, 99 Foo 2027 99:99:99 GMT", unsaid, 1),
    ] {
        let headers = format!("Retry-After: {value}\r\nDate: {}\r\n", date(0));
        for (status, class) in [
            ("429 Too Many Requests", ErrorKind::RateLimited),
            ("503 Service Unavailable", ErrorKind::Unavailable),
        ] {
            if pause == unsaid && class == ErrorKind::Unavailable {
                continue;
            }
            let server = Server::answering(answer(status, &headers, "")).await;
            // The clock of this machine differs from the server's.
            let now = START + TimeDelta::days(400);
            let client = builder::<V>(server.base_url())
                .clock(ManualClock::new(now))
                .build()
                .unwrap();
            let error = client.token().await.unwrap_err();
            assert_eq!(error.kind(), class, "{status}, {value}");
            let paused = error.retry_at().unwrap() - now;
            assert_eq!(paused.num_seconds(), pause, "{status}, {value}");
            assert_eq!(server.connections(), requests, "{status}, {value}");
        }
    }
}
every_vendor!(retry_after_is_obeyed_within_reason);

/// By our own clock, and an hour at most: it may be wrong by years.
async fn retry_after_as_a_date_needs_no_date_of_the_answer<V: Vendor>() {
    let year = 365 * 24 * 3600;
    for (ahead, pause) in [(60, 66), (year, 3960), (-60, 1), (-year, 1)] {
        let at = (START + TimeDelta::seconds(ahead)).format("%a, %d %b %Y %H:%M:%S GMT");
        let headers = format!("Retry-After: {at}\r\n");
        let server = Server::answering(answer("429 Too Many Requests", &headers, "")).await;
        let client = builder::<V>(server.base_url())
            .clock(ManualClock::new(START))
            .attempts(1)
            .build()
            .unwrap();
        let error = client.token().await.unwrap_err();
        let paused = error.retry_at().unwrap() - START;
        assert_eq!(paused.num_seconds(), pause, "{at}");
    }
}
every_vendor!(retry_after_as_a_date_needs_no_date_of_the_answer);

/// Whoever sends it, and on whatever refusal, it is not asked again sooner, by `renew` either.
async fn retry_after_is_obeyed_on_any_status<V: Vendor>() {
    for status in [
        "403 Forbidden",
        "404 Not Found",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "504 Gateway Timeout",
    ] {
        let server = Server::answering(answer(status, "Retry-After: 120\r\n", "<html>")).await;
        let client = builder::<V>(server.base_url())
            .clock(ManualClock::new(START))
            .build()
            .unwrap();
        let error = client.token().await.unwrap_err();
        assert_eq!(
            (error.retry_at().unwrap() - START).num_seconds(),
            132,
            "{status}"
        );
        client.renew().await.unwrap_err();
        assert_eq!(server.connections(), 1, "{status}");
    }
}
every_vendor!(retry_after_is_obeyed_on_any_status);

async fn busy_vendor_with_garbage_in_retry_after_is_asked_three_times<V: Vendor>() {
    let busy = answer("503 Service Unavailable", "Retry-After: -1\r\n", "");
    let server = Server::answering(busy).await;
    assert_eq!(fate::<V>(&server).await, (ErrorKind::Unavailable, 3));
}
every_vendor!(busy_vendor_with_garbage_in_retry_after_is_asked_three_times);

/// What a caller of the cache is told, and how many connections that took.
async fn fate<V: Vendor>(server: &Server) -> (ErrorKind, usize) {
    let error = client::<V>(server.base_url()).token().await.unwrap_err();
    check(&error);
    (error.kind(), server.connections())
}

/// What a single request comes to.
async fn failure<V: Vendor>(server: &Server) -> Failed<V> {
    let error = client::<V>(server.base_url())
        .request_token()
        .await
        .err()
        .unwrap();
    check(&error);
    error
}

/// What a single request comes to that is answered so, and the vendor's words in it.
async fn refused<V: Vendor>(refusal: &Response) -> (Failed<V>, String) {
    let status = format!("{} Documented", refusal.status());
    let server = Server::answering(json(&status, refusal.body())).await;
    let error = failure::<V>(&server).await;
    assert_eq!(error.status().unwrap().as_u16(), refusal.status());
    let said = error.response().map(ToString::to_string);
    let said = said.unwrap_or_default();
    (error, said)
}

/// What comes of a server that would go on for ever.
async fn overdue<V: Vendor>(server: &Server) -> ErrorKind {
    let client = builder::<V>(server.base_url())
        .attempt_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let request = timeout(Duration::from_secs(5), client.request_token());
    let error = request.await.expect("an end").err().unwrap();
    check(&error);
    error.kind()
}

async fn token<V: Vendor>(server: &Server) -> String {
    let token = client::<V>(server.base_url()).token().await.unwrap();
    assert_eq!(server.connections(), 1);
    token.expose_secret().to_owned()
}

/// The token out of a 200 with this body.
async fn obtained<V: Vendor>(body: impl ToString) -> String {
    token::<V>(&Server::answering(json("200 OK", body.to_string())).await).await
}

/// A 200 with this body is no token, and is not asked for again.
async fn assert_refused<V: Vendor>(body: impl ToString) {
    let body = body.to_string();
    let server = Server::answering(json("200 OK", &body)).await;
    assert_eq!(
        fate::<V>(&server).await,
        (ErrorKind::InvalidResponse, 1),
        "{body}"
    );
}

/// How long a token lives out of a 200 with this body, in seconds.
async fn lifetime<V: Vendor>(body: Body) -> u64 {
    let server = Server::answering(json("200 OK", body.to_string())).await;
    let client = builder::<V>(server.base_url())
        .clock(ManualClock::new(START))
        .build()
        .unwrap();
    let token = client.token().await.unwrap();
    (token.expires_at() - START).to_std().unwrap().as_secs()
}

/// What holds for every error: one line, nothing of the credentials, and transient only where it may pass.
fn check<R: std::fmt::Debug + std::fmt::Display>(error: &auth_common::Error<R>) {
    let text = format!("{error}\n{error:?}");
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.contains("of-the-caller"), "{text}");
    let passes = matches!(
        error.kind(),
        ErrorKind::RateLimited | ErrorKind::Unavailable | ErrorKind::TimedOut
    );
    assert_eq!(error.is_transient(), passes, "{text}");
}

const START: DateTime<chrono::Utc> = DateTime::from_timestamp_secs(1_800_000_000).unwrap();

/// `text`, in one block of each format that holds it as it is.
fn compressed(text: &str) -> [(&'static str, Vec<u8>); 3] {
    let bytes = text.as_bytes();
    let length = u16::try_from(bytes.len()).unwrap();
    let gzip = [
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01",
        &length.to_le_bytes()[..],
        &(!length).to_le_bytes(),
        bytes,
        &crc32(bytes).to_le_bytes(),
        &u32::from(length).to_le_bytes(),
    ];
    let brotli = (u32::from(length) - 1) << 4 | 1 << 20;
    let brotli = [&brotli.to_le_bytes()[..3], bytes, b"\x03"];
    let zstd = u32::from(length) << 3 | 1;
    let zstd = [
        b"\x28\xb5\x2f\xfd\xa0",
        &u32::from(length).to_le_bytes()[..],
        &zstd.to_le_bytes()[..3],
        bytes,
    ];
    [
        ("gzip", gzip.concat()),
        ("br", brotli.concat()),
        ("zstd", zstd.concat()),
    ]
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}
