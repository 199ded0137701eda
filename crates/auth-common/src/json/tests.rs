#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

use std::time::Instant;

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;
use crate::redaction::WITHHELD;

// The body

#[test]
fn one_byte_order_mark_is_skipped() {
    let marked = |marks: usize| {
        let mut body = "\u{FEFF}".repeat(marks).into_bytes();
        body.extend_from_slice(br#"{"access_token":"t"}"#);
        JsonObject::parse(&body, &[]).map(|body| body.token("access_token").unwrap())
    };
    assert!(marked(0).is_ok());
    assert!(marked(1).is_ok());
    assert_eq!(complaint(marked(2)), "the body is not JSON");
}

#[test]
fn what_is_not_one_json_object_is_refused() {
    let not_an_object = "the body is not a JSON object with each field named once";
    for (body, expected) in [
        (&b""[..], "the body is empty"),
        (b" \r\n\t ", "the body is empty"),
        (b"\xEF\xBB\xBF", "the body is empty"),
        (b"null", not_an_object),
        (b"[]", not_an_object),
        (b"[{}]", not_an_object),
        (b"42", not_an_object),
        (b"\"access_token\"", not_an_object),
        (b"<html>503</html>", "the body is not JSON"),
        (b"{\"a\":1}{}", "the body is not JSON"),
        (b"{\"a\":1} x", "the body is not JSON"),
        (b"{\"a\":1}\0", "the body is not JSON"),
        (b"{\"a\":1,}", "the body is not JSON"),
        (b"{'a':1}", "the body is not JSON"),
        (b"{\"a\":\"\xFF\"}", "the body is not JSON"),
        (b"{\"a\":NaN}", "the body is not JSON"),
        (b"{\"a\":\"t", "the body is JSON that ends early"),
        (b"{\"a\":1", "the body is JSON that ends early"),
    ] {
        let body_as_text = String::from_utf8_lossy(body);
        assert_eq!(
            complaint(JsonObject::parse(body, &[])),
            expected,
            "{body_as_text}"
        );
    }
    assert!(JsonObject::parse(b" {\"a\":1} \r\n", &[]).is_ok());
}

#[test]
fn doubled_field_is_refused_however_it_is_written() {
    for body in [
        r#"{"access_token":"a","access_token":"b"}"#,
        r#"{"access_token":"a","access_token":"a"}"#,
        r#"{"access_token":"a","\u0061ccess_token":"b"}"#,
        r#"{"x":null,"x":null}"#,
        r#"{"b":1,"a":2,"c":3,"b":4}"#,
        r#"{"":1,"":2}"#,
    ] {
        assert_eq!(
            complaint(JsonObject::parse(body.as_bytes(), &[])),
            "the body is not a JSON object with each field named once",
            "{body}"
        );
    }
    assert!(JsonObject::parse(br#"{"a":1,"A":2,"b":{"a":3}}"#, &[]).is_ok());
}

#[test]
fn field_count_is_bounded() {
    let body = |fields: usize| {
        let fields: Vec<String> = (0..fields).map(|n| format!("\"f{n}\":{n}")).collect();
        format!("{{{}}}", fields.join(","))
    };
    assert!(JsonObject::parse(body(256).as_bytes(), &[]).is_ok());
    assert!(JsonObject::parse(body(257).as_bytes(), &[]).is_err());
}

#[test]
fn unknown_fields_are_ignored_however_deep() {
    for (open, close) in [("[", "]"), ("{\"x\":", "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let body = format!(r#"{{"unknown":{deep},"access_token":"t","expires_in":60}}"#);
        let body = JsonObject::parse(body.as_bytes(), &[]).unwrap();
        assert_eq!(body.token("access_token").unwrap().expose_secret(), "t");
        // Nor do the readers of what is nested fall into it.
        assert!(body.objects("unknown").len() <= 1);
        assert!(body.texts("unknown").is_empty());
        assert_eq!(body.text("unknown"), None);
        assert_eq!(body.number("unknown"), None);
        assert!(body.token("unknown").is_err());
    }
    for open in ["[", "{\"x\":"] {
        assert!(JsonObject::parse(open.repeat(10_000).as_bytes(), &[]).is_err());
    }
}

#[test]
fn complaint_never_quotes_the_body() {
    let secret = "CANARY-7f3a";
    for template in [
        "CANARY-7f3a",
        r#""CANARY-7f3a""#,
        r#"{"access_token":"CANARY-7f3a"#,
        r#"{"CANARY-7f3a":1,"CANARY-7f3a":2}"#,
        r#"{"access_token":"CANARY-7f3a",}"#,
        r#"{"access_token":"CANARY-7f3a é"}"#,
        r#"{"access_token":["CANARY-7f3a"]}"#,
        r#"{"access_token":{"CANARY-7f3a":1}}"#,
        r#"{"token_type":"CANARY-7f3a"}"#,
        r#"{"expires_in":"CANARY-7f3a"}"#,
    ] {
        let told = match JsonObject::parse(template.as_bytes(), &[]) {
            Err(problem) => vec![problem],
            Ok(body) => [
                body.token("access_token").err(),
                body.token_type().err(),
                body.expires_in().err(),
            ]
            .into_iter()
            .flatten()
            .collect(),
        };
        assert!(!told.is_empty());
        for problem in told {
            let text = format!("{problem} {problem:?}");
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn debug_shows_the_number_of_fields_and_nothing_else() {
    let body = JsonObject::parse(br#"{"access_token":"CANARY","b":1}"#, &["CANARY"]).unwrap();
    assert_eq!(format!("{body:?}"), "JsonObject(2 fields)");
}

#[test]
fn empty_object_has_nothing() {
    let body = JsonObject::empty();
    assert!(!body.has("error"));
    assert_eq!(body.names().count(), 0);
    assert_eq!(body.token_type().unwrap(), "Bearer");
    assert_eq!(body.expires_in().unwrap(), None);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            r#"[\[\]{}":,0-9a-z\\. \-\x00-\x1f]{0,300}"#.prop_map(String::into_bytes),
            json().prop_map(|value| value.to_string().into_bytes()),
            (json(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(value, at, byte)| {
                let mut bytes = value.to_string().into_bytes();
                let at = at.index(bytes.len());
                bytes[at] = byte;
                bytes
            }),
        ],
    ) {
        let Ok(body) = JsonObject::parse(&bytes, &["secret"]) else {
            return Ok(());
        };
        for field in FIELDS {
            let _ = (body.token(field), body.optional_token(field), body.decimal(field));
            let _ = (body.number(field), body.objects(field).len());
            for text in body.text(field).into_iter().chain(body.texts(field)) {
                prop_assert!(text.chars().count() <= 256);
                prop_assert!(!text.chars().any(char::is_control));
            }
        }
        let _ = (body.token_type(), body.expires_in());
    }

    #[test]
    fn texts_are_decoded_as_serde_json_decodes_them(
        pieces in prop::collection::vec(
            prop_oneof![
                r"[^\x00-\x1f\\\x22]{0,5}",
                r#"\\["\\/bfnrtx0]"#,
                r"\\u[0-9a-fA-F+]{4}",
                r"\\u[dD][89abAB][0-9a-f]{2}(\\u[dD][c-fC-F][0-9a-f]{2})?",
            ],
            0..8,
        ),
    ) {
        let text = format!("\"{}\"", pieces.concat());
        let Ok(raw) = serde_json::from_str::<&RawValue>(&text) else {
            return Ok(());
        };
        let read = Text::read(raw);
        let expected = serde_json::from_str::<String>(&text).ok();
        prop_assert_eq!(read.as_deref(), expected.as_deref());
        let named = format!("{{{text}:1}}");
        let names = JsonObject::parse(named.as_bytes(), &[]).ok();
        prop_assert_eq!(names.is_some(), read.is_some());
    }

    #[test]
    fn what_serde_json_reads_is_read_the_same(value in json()) {
        let text = value.to_string();
        let Ok(body) = JsonObject::parse(text.as_bytes(), &[]) else {
            prop_assert!(!value.is_object());
            return Ok(());
        };
        for field in FIELDS {
            let expected = &value[field];
            prop_assert_eq!(body.has(field), !expected.is_null());
            prop_assert_eq!(body.text(field).is_some(), expected.is_string());
            if let Some(number) = expected.as_i64() {
                prop_assert_eq!(body.number(field), Some(number));
            }
            if let Some(list) = expected.as_array() {
                let texts: Vec<&str> = list.iter().filter_map(|it| it.as_str()).take(16).collect();
                prop_assert_eq!(body.texts(field).len(), texts.len());
            }
        }
    }
}

// Tokens

#[test]
fn token_must_be_a_text_of_visible_ascii() {
    for (value, problem) in [
        ("null", "is missing"),
        ("42", "is not a text"),
        ("true", "is not a text"),
        ("{}", "is not a text"),
        (r#"["t"]"#, "is not a text"),
        (r#""\ud800""#, "is not a text"),
        (r#""""#, "is empty"),
        (r#"" t""#, UNFIT),
        (r#""t ""#, UNFIT),
        (r#""a b""#, UNFIT),
        (r#""a\tb""#, UNFIT),
        (r#""a\r\nX-Evil: 1""#, UNFIT),
        (r#""a\u0000b""#, UNFIT),
        (r#""a\u007fb""#, UNFIT),
        (r#""é""#, UNFIT),
        (r#""\u00e9""#, UNFIT),
        (r#""a\u200bb""#, UNFIT),
    ] {
        let text = format!(r#"{{"access_token":{value}}}"#);
        let body = JsonObject::parse(text.as_bytes(), &[]).unwrap();
        let expected = format!("access_token {problem}");
        assert_eq!(complaint(body.token("access_token")), expected, "{value}");
        if value == "null" {
            assert!(body.optional_token("access_token").unwrap().is_none());
        } else {
            assert_eq!(complaint(body.optional_token("access_token")), expected);
        }
    }
    assert_eq!(
        complaint(JsonObject::empty().token("access_token")),
        "access_token is missing"
    );
    let problem = JsonObject::empty().token("access").unwrap_err();
    assert_eq!(problem.field(), "access");
}

/// A copy that a parser leaves behind is wiped by nobody.
#[test]
fn token_is_decoded_in_memory_that_is_wiped() {
    let plain: &RawValue = serde_json::from_str(r#""eyJ/+=""#).unwrap();
    let Text::Plain(text) = Text::read(plain).unwrap() else {
        panic!("copied");
    };
    assert_eq!(text.as_ptr(), plain.get()[1..].as_ptr(), "of the body");
    for escapes in [
        r"eyJ\/\u002b\u00e9\ud83e\udd80=",
        r"\\",
        r"\u0061",
        r"a\n\r\t\b\f\/\u20ac",
    ] {
        let text = format!("\"{escapes}\"");
        let escaped: &RawValue = serde_json::from_str(&text).unwrap();
        let Text::Decoded(text) = Text::read(escaped).unwrap() else {
            panic!("not decoded");
        };
        // As it was made: it never grew, and so left no copy behind.
        assert_eq!(text.capacity(), escapes.len());
    }
}

#[test]
fn token_may_be_as_long_as_16_kib() {
    for (length, fits) in [(1, true), (16_384, true), (16_385, false)] {
        let text = format!(r#"{{"access_token":"{}"}}"#, "t".repeat(length));
        let body = JsonObject::parse(text.as_bytes(), &[]).unwrap();
        assert_eq!(body.token("access_token").is_ok(), fits, "{length}");
    }
}

proptest! {
    #[test]
    fn token_is_accepted_exactly_when_a_header_can_carry_it(
        token in prop_oneof![
            ".{0,40}",
            "[!-~]{1,200}",
            "[!-~]{0,20}[\\x00-\\x20\\x7f-\\xff][!-~]{0,20}",
            (16_380..16_390_usize).prop_map(|length| "t".repeat(length)),
        ],
    ) {
        let text = serde_json::json!({ "access_token": token }).to_string();
        let body = JsonObject::parse(text.as_bytes(), &[]).unwrap();
        let is_fit = (1..=16_384).contains(&token.len())
            && token.bytes().all(|byte| (0x21..=0x7E).contains(&byte));
        match body.token("access_token") {
            Ok(read) => prop_assert!(is_fit && read.expose_secret() == token),
            Err(_) => prop_assert!(!is_fit),
        }
    }
}

#[test]
fn every_single_byte_token_is_judged() {
    for byte in 0..=u8::MAX {
        let token = char::from(byte).to_string();
        let text = serde_json::json!({ "access_token": token }).to_string();
        let body = JsonObject::parse(text.as_bytes(), &[]).unwrap();
        let is_fit = (0x21..=0x7E).contains(&byte);
        assert_eq!(body.token("access_token").is_ok(), is_fit, "{byte:#04x}");
    }
}

#[test]
fn token_type_is_bearer_in_any_case_or_missing() {
    for (value, expected) in [
        (r#""Bearer""#, Some("Bearer")),
        (r#""bearer""#, Some("bearer")),
        (r#""BEARER""#, Some("BEARER")),
        ("null", Some("Bearer")),
        (r#""mac""#, None),
        (r#""Bearer ""#, None),
        (r#""""#, None),
        (r#""DPoP""#, None),
        ("1", None),
        (r#"["Bearer"]"#, None),
    ] {
        let text = format!(r#"{{"token_type":{value}}}"#);
        let body = JsonObject::parse(text.as_bytes(), &[]).unwrap();
        match expected {
            Some(kind) => assert_eq!(body.token_type().unwrap(), kind),
            None => assert_eq!(
                complaint(body.token_type()),
                "token_type is not Bearer",
                "{value}"
            ),
        }
    }
}

#[test]
fn token_type_is_read_even_where_it_repeats_a_secret() {
    let body = JsonObject::parse(br#"{"token_type":"bearer"}"#, &["bearer"]).unwrap();
    assert_eq!(body.text("token_type").unwrap(), WITHHELD);
    assert!(body.token_type().is_ok());
}

// Numbers

#[test]
fn expires_in_is_read_in_every_form() {
    for (value, expected) in [
        ("3600", Some(3600)),
        ("1", Some(1)),
        ("92843", Some(92_843)),
        ("3599.999", Some(3599)),
        ("1.0", Some(1)),
        ("36e2", Some(3600)),
        ("3.6E+3", Some(3600)),
        (r#""3600""#, Some(3600)),
        (r#"" 3600 ""#, Some(3600)),
        (r#""3600.5""#, Some(3600)),
        ("31536000", Some(31_536_000)),
        ("18446744073709551615", Some(u64::MAX)),
        ("99999999999999999999999999", Some(u64::MAX)),
        ("1e400", Some(u64::MAX)),
        (r#""1e400""#, Some(u64::MAX)),
        ("null", None),
    ] {
        let text = format!(r#"{{"expires_in":{value}}}"#);
        let body = JsonObject::parse(text.as_bytes(), &[]).unwrap();
        let expected = expected.map(Duration::from_secs);
        assert_eq!(body.expires_in().unwrap(), expected, "{value}");
    }
    assert_eq!(JsonObject::empty().expires_in().unwrap(), None);
}

#[test]
fn expires_in_under_a_second_or_no_number_is_refused() {
    let too_short = "expires_in is less than one second";
    let no_number = "expires_in is not a number of seconds";
    for (value, problem) in [
        ("0", too_short),
        ("-0", too_short),
        ("0.999", too_short),
        ("-1", too_short),
        ("-3600", too_short),
        ("-1e400", too_short),
        ("1e-400", too_short),
        (r#""0""#, too_short),
        (r#""-5""#, too_short),
        (r#""""#, no_number),
        (r#""an hour""#, no_number),
        (r#""3600s""#, no_number),
        (r#""inf""#, no_number),
        (r#""NaN""#, no_number),
        (r#""0x10""#, no_number),
        (r#""1_000""#, no_number),
        (r#""1,5""#, no_number),
        (r#""--1""#, no_number),
        ("true", no_number),
        ("false", no_number),
        ("[3600]", no_number),
        ("{}", no_number),
    ] {
        let text = format!(r#"{{"expires_in":{value}}}"#);
        let body = JsonObject::parse(text.as_bytes(), &[]).unwrap();
        assert_eq!(complaint(body.expires_in()), problem, "{value}");
    }
}

#[test]
fn numbers_are_read_as_numbers_and_as_texts() {
    for (value, expected) in [
        ("401", Some(401)),
        ("-1", Some(-1)),
        (r#""401""#, Some(401)),
        (r#"" 401 ""#, Some(401)),
        ("4.5", None),
        ("9223372036854775808", None),
        (r#""invalid_grant""#, None),
        ("null", None),
        ("true", None),
        ("[1]", None),
    ] {
        let text = format!(r#"{{"error":{value}}}"#);
        let body = JsonObject::parse(text.as_bytes(), &[]).unwrap();
        assert_eq!(body.number("error"), expected, "{value}");
    }
}

// What the vendor says to people

#[test]
fn texts_and_objects_come_from_lists_and_alone() {
    let text = r#"{"one":"a","many":["a",1,"b",null],"object":{"message":"m"},"objects":[{"message":"m"},1,{"message":"n"}]}"#;
    let body = JsonObject::parse(text.as_bytes(), &[]).unwrap();
    assert_eq!(body.texts("one"), ["a"]);
    assert_eq!(body.texts("many"), ["a", "b"]);
    assert!(body.texts("object").is_empty());
    assert!(body.texts("missing").is_empty());
    let messages = |field| -> Vec<String> {
        let objects = body.objects(field);
        objects.iter().filter_map(|it| it.text("message")).collect()
    };
    assert_eq!(messages("object"), ["m"]);
    assert_eq!(messages("objects"), ["m", "n"]);
    assert!(messages("one").is_empty());
    assert!(messages("missing").is_empty());
    let names: Vec<String> = body.names().collect();
    assert_eq!(names, ["one", "many", "object", "objects"]);
}

#[test]
fn lists_are_cut_after_sixteen() {
    let texts = vec!["\"t\""; 100].join(",");
    let objects = vec!["{\"a\":1}"; 100].join(",");
    let text = format!(r#"{{"texts":[{texts}],"objects":[{objects}]}}"#);
    let body = JsonObject::parse(text.as_bytes(), &[]).unwrap();
    assert_eq!(body.texts("texts").len(), 16);
    assert_eq!(body.objects("objects").len(), 16);
}

#[test]
fn secrets_are_withheld_from_nested_objects_lists_and_names_too() {
    let text =
        format!(r#"{{"list":["{SECRET}"],"details":[{{"message":"{SECRET}"}}],"{SECRET}":1}}"#);
    let secrets = [SECRET];
    let body = JsonObject::parse(text.as_bytes(), &secrets).unwrap();
    assert_eq!(body.texts("list"), [WITHHELD]);
    assert_eq!(
        body.objects("details")[0].text("message").unwrap(),
        WITHHELD
    );
    assert!(body.names().any(|name| name == WITHHELD));
}

/// Prints what each answer costs: `cargo test --release -p auth-common --lib worst -- --nocapture`.
#[test]
fn worst_answer_costs_a_few_milliseconds() {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let tokens: Vec<String> = (0..3).map(|n| random(n, 16_384, letters)).collect();
    let credentials: Vec<String> = (3..7)
        .map(|n| random(n, 4096, "abcdéãçôABC123&%\\ +日本ßüñ"))
        .collect();
    let secrets: Vec<&str> = tokens.iter().chain(&credentials).map(|it| &**it).collect();
    let usual = [
        &tokens[0][..900],
        &tokens[1][..900],
        "maria@example.com",
        "Senha 123",
        "4321",
    ];

    let mut answers = vec![(
        "one text".to_owned(),
        format!(r#"{{"detail":"{}"}}"#, random(8, 65_000, letters)),
    )];
    for alphabet in [
        letters,
        "0123456789abcdef",
        "0123456789abcdef%",
        "25%",
        "&#;x3A",
        "\\u00e9",
        "19, ",
        "áÉçãõüñß日本ΣİÀ",
        "abcdefghij    klmnop, eo.,é",
    ] {
        // What ends it is decoded three times.
        let text = |n| json_text(&(random(n, 220, alphabet) + "%252525"));
        let fields = filling(|n| format!(r#""f{n}":[{}]"#, text(n)));
        answers.push((format!("fields of {alphabet}"), format!("{{{fields}}}")));
        let objects = filling(|n| format!(r#"{{"message":{}}}"#, text(n)));
        let objects = format!(r#"{{"details":[{objects}]}}"#);
        answers.push((format!("a list of {alphabet}"), objects));
    }
    for escape in ["&frac34;", "&;", "\\303", "\\U0001f980", "%c3%a9"] {
        let text = json_text(&(escape.repeat(220 / escape.len()) + "%252525"));
        let fields = filling(|n| format!(r#""f{n}":[{text}]"#));
        answers.push((format!("fields of {escape}"), format!("{{{fields}}}")));
    }
    let names = filling(|n| format!(r#""{}":["no"]"#, random(n, 240, letters)));
    answers.push(("long names".into(), format!("{{{names}}}")));
    let object: Vec<String> = (0..256).map(|n| format!(r#""{n}":0"#)).collect();
    let objects = filling(|_| format!("{{{}}}", object.join(",")));
    let objects = format!(r#"{{"details":[{objects}],"message":"no"}}"#);
    answers.push(("objects of many fields".into(), objects));

    for (what, answer) in &answers {
        assert!(answer.len() <= 64 * 1024, "{what}");
        let (took, steps) = cost(answer, &secrets);
        println!("{took:?}, {steps} steps: {what}");
        // Milliseconds in a release build; a search without bounds takes tens of seconds.
        assert!(took < Duration::from_secs(1), "{what}: {took:?}");
    }
    let refusal = r#"{"detail":"No active account found with the given credentials","code":"no_active_account"}"#;
    let (took, steps) = cost(refusal, &usual);
    println!("{took:?}, {steps} steps: a usual refusal");
    assert!(took < Duration::from_millis(20), "{took:?}");
}

/// The least time of several, and how much was searched, in reading all that any vendor's crate reads of an error.
fn cost(answer: &str, secrets: &[&str]) -> (Duration, usize) {
    let costs = (0..5).map(|_| {
        let start = Instant::now();
        let body = JsonObject::parse(answer.as_bytes(), secrets).unwrap();
        let mut shown: Vec<String> = ["detail", "code", "message"]
            .into_iter()
            .filter_map(|field| body.text(field))
            .collect();
        shown.extend(body.names().filter(|name| body.text(name).is_none()));
        shown.extend(body.names().flat_map(|name| body.texts(&name)));
        let details = body.objects("details");
        shown.extend(details.iter().filter_map(|it| it.text("message")));
        assert!(!shown.is_empty());
        let steps = body.redaction.steps();
        drop((shown, details, body));
        (start.elapsed(), steps)
    });
    costs.min().unwrap()
}

/// Letters of `alphabet` without a pattern, as many as fill `length` bytes.
fn random(seed: u64, length: usize, alphabet: &str) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    let mut state = seed;
    let mut text = String::new();
    while text.len() < length {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.push(alphabet[(state >> 33) as usize % alphabet.len()]);
    }
    text
}

/// Up to 256 elements of a list, as many as go into an answer.
fn filling(element: impl Fn(u64) -> String) -> String {
    let mut list = element(0);
    for next in (1..256).map(element) {
        if list.len() + next.len() > 65_000 {
            break;
        }
        list = list + "," + &next;
    }
    list
}

fn json_text(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn complaint<T>(result: Result<T, InvalidBody>) -> String {
    match result {
        Ok(_) => panic!("accepted"),
        Err(problem) => problem.to_string(),
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,20}".prop_map(Into::into),
        "(secret|Bearer|3600|1e9|-1)".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let name = prop_oneof![
            prop::sample::select(FIELDS.to_vec()).prop_map(Into::into),
            ".{0,8}"
        ];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            3 => prop::collection::btree_map(name, inner, 0..6)
                .prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

const FIELDS: [&str; 6] = [
    "access_token",
    "token_type",
    "expires_in",
    "error",
    "message",
    "details",
];
const SECRET: &str = "p@ss/wörd & 50%+x";
const UNFIT: &str = "holds a character that no Authorization header can carry";
