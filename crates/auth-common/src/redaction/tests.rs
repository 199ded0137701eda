#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use proptest::{prelude::*, sample::Index};

use super::*;

// What is shown

#[test]
fn only_the_secret_is_withheld_and_the_sentence_stays() {
    for (secret, said, shown) in [
        (
            "maria",
            "user maria is not known",
            "user [withheld] is not known",
        ),
        (
            "maria",
            "user 'maria' is not known",
            "user '[withheld]' is not known",
        ),
        ("maria", "maria", "[withheld]"),
        (
            "maria",
            "maria, maria and mario",
            "[withheld], [withheld] and mario",
        ),
        ("maria", "", ""),
        ("", "wrong password", "wrong password"),
        ("\u{200b}", "wrong\u{200b} password", "wrong password"),
        // All of the word that it stands in.
        (
            "m4ria",
            "the m4rias of x_m4ria1@y",
            "the [withheld] of x_[withheld]@y",
        ),
        ("segredinho", "caf\\u00e9segredinhos!", "[withheld]!"),
        // A vendor may trim it.
        (" segredo ", "'segredo' is wrong", "'[withheld]' is wrong"),
        (
            " segredo123  ",
            "'segredo123' is wrong",
            "'[withheld]' is wrong",
        ),
        (
            PASSWORD,
            "user p@ss/wörd & 50%+x is wrong",
            "user [withheld] is wrong",
        ),
        (
            PASSWORD,
            "p=p%40ss%2Fw%C3%B6rd+%26+50%25%2Bx&grant_type=password",
            "p=[withheld]&grant_type=password",
        ),
        (
            PASSWORD,
            "?p=p%40ss%2fw%c3%b6rd%20%26%2050%25%2bx",
            "?p=[withheld]",
        ),
        // Any 12 bytes of it, and one less.
        (PASSWORD, "…p@ss/wörd &…", "…[withheld]…"),
        (PASSWORD, "…p@ss/wörd …", "…p@ss/wörd …"),
        (PASSWORD, "wrong password", "wrong password"),
        // Interrupted by what is removed.
        (
            PASSWORD,
            "is p@ss\0/wö\nrd & 50%+x wrong",
            "is [withheld] wrong",
        ),
        (
            PASSWORD,
            "is p@ss/\u{200b}wörd\u{2060} & 50%+x wrong",
            "is [withheld] wrong",
        ),
        // As servers are not to write it, but do.
        (PASSWORD, "user p@ss/w%F6rd & 50%+x", "user [withheld]"),
        ("segÃ©", "user segÃ%A9", "user [withheld]"),
        ("d'água", "user d&#39água", "user [withheld]"),
        ("ab&\\", "user 'ab&amp;\\' is", "user '[withheld]' is"),
        (
            "§3ç®€to",
            "user &sect;3&ccedil;&reg;&euro;to is",
            "user [withheld] is",
        ),
        // Marks tell nothing.
        (MARKS, "he fell", "he fell"),
        (MARKS, "an efgh", "an [withheld]"),
        (
            "\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}segredo",
            "a segredo",
            "a [withheld]",
        ),
        // All of a run of digits, with its padding.
        (
            "segredo",
            "header Basic bWFyaWE6c2VncmVkbw== is wrong",
            "header Basic [withheld] is wrong",
        ),
        (
            "segredo",
            "[115, 101, 103, 114, 101, 100, 111] is wrong",
            "[[withheld]] is wrong",
        ),
        ("segredo", "key 7365677265646f", "key [withheld]"),
        ("segredo", "key 73:65:67:72:65:64:6F.", "key [withheld]."),
    ] {
        assert_eq!(show(said, &[secret]), shown, "{secret:?} in {said:?}");
    }
    let secrets = ["maria", "4321", "segredo"];
    let said = "maria of 4321 with \"segredo\"";
    assert_eq!(
        show(said, &secrets),
        "[withheld] of [withheld] with \"[withheld]\""
    );
}

#[test]
fn very_short_secret_is_withheld_as_a_word_only() {
    for (secret, said, shown) in [
        (
            "ana",
            "user 'ana' is not known",
            "user '[withheld]' is not known",
        ),
        ("ana", "user ana", "user [withheld]"),
        ("ana", "ANA is banana", "[withheld] is banana"),
        ("ana", "the anatomy of mariana", "the anatomy of mariana"),
        ("ana", "user 'an' is not known", "user 'an' is not known"),
        ("ana", "user%20ana%20is", "user%20[withheld]%20is"),
        ("ana", "user\nana\nis", "user[withheld]is"),
        ("ana", "an\u{ad}a", "[withheld]"),
        ("ana", "user ana\u{301} is", "user [withheld] is"),
        ("a b", "a+b", "[withheld]"),
        ("a!", "a!b", "[withheld]b"),
        ("1", "1 of 11", "[withheld] of 11"),
        ("é", "é ou eé", "[withheld] ou eé"),
        // What decodes to so little decodes to it by chance.
        (
            "a",
            "administrator 61, 20, 61, 20",
            "administrator 61, 20, 61, 20",
        ),
    ] {
        assert_eq!(show(said, &[secret]), shown, "{secret:?} in {said:?}");
    }
}

#[test]
fn short_name_or_number_leaves_the_words_that_it_is_a_part_of() {
    for (secret, said, shown) in [
        (
            "test",
            "The latest attempt to test the contest failed",
            "The latest attempt to [withheld] the contest failed",
        ),
        (
            "admin",
            "administrator rights are missing for Admin.",
            "administrator rights are missing for [withheld].",
        ),
        (
            "4321",
            "request 94321875 of organization 4321",
            "request 94321875 of organization [withheld]",
        ),
        (
            "maria",
            "user_maria, the marias",
            "user_[withheld], the marias",
        ),
        ("José", "JOSE: joseph", "[withheld]: joseph"),
        // Wherever an escape parts it from the word before.
        (
            "maria",
            "\\tmaria\\0maria\\vmaria &nbsp;maria \\u003emaria %20maria",
            "\\t[withheld]\\0[withheld]\\v[withheld] &nbsp;[withheld] \\u003e[withheld] %20[withheld]",
        ),
        // Nobody writes such words, and digits that decode to a name do not do so by chance.
        ("s3gr", "as3grb", "[withheld]"),
        ("4321-0", "as4321-0b", "[withheld]"),
        ("maria", "key bXltYXJpYXM", "key [withheld]"),
        ("maria", "key 6d6d6172696173", "key [withheld]"),
        ("mariazinha", "of mariazinhas", "of [withheld]"),
    ] {
        assert_eq!(show(said, &[secret]), shown, "{secret:?} in {said:?}");
    }
}

#[test]
fn user_name_of_a_mail_address_is_withheld_as_a_word() {
    for (secret, said, shown) in [
        ("maria@example.com", "maria@example.com", "[withheld]"),
        (
            "maria@example.com",
            "user maria: unknown",
            "user [withheld]: unknown",
        ),
        (
            "maria@example.com",
            "user MARIA: unknown",
            "user [withheld]: unknown",
        ),
        ("maria@example.com", "unknown\nmaria", "unknown[withheld]"),
        (
            "maria@example.com",
            "unknown\\nmaria\\n",
            "unknown\\n[withheld]\\n",
        ),
        ("maria@example.com", "marianas", "marianas"),
        (
            "maria.da.silva.e.souza@example.com",
            "for maria.da.silva.e.souza",
            "for [withheld]",
        ),
        ("ana@example.com", "user ana: unknown", "user ana: unknown"),
        // Passwords with an @.
        (
            "senha@123",
            "usuário ou senha inválidos",
            "usuário ou senha inválidos",
        ),
        (
            "uma senha@exemplo.br",
            "uma senha inválida",
            "uma senha inválida",
        ),
    ] {
        assert_eq!(show(said, &[secret]), shown, "{secret:?} in {said:?}");
    }
}

#[test]
fn case_and_accents_hide_nothing() {
    for (secret, said) in [
        ("joão.ção", "joa\u{303}o.c\u{327}a\u{303}o"),
        ("joa\u{303}o.c\u{327}a\u{303}o", "joão.ção"),
        ("joão.ção", "JOÃO.ÇÃO"),
        ("joão.ção", "joao.cao"),
        ("ÀÈÌÒÙÂÊÎ", "àèìòùâêî"),
        ("señor-ñandú", "SEN\u{303}OR-N\u{303}ANDU\u{301}"),
        ("žluťoučký", "z\u{30c}lut\u{30c}ouc\u{30c}ky\u{301}"),
        ("straße", "STRASSE"),
        ("STRASSE", "straße"),
        ("ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"),
        ("İstanbul", "istanbul"),
        ("пароль", "ПАРОЛЬ"),
        ("\u{212b}ngström", "ångström"),
        ("space\u{a0}bar", "space bar"),
    ] {
        let shown = show(&format!("user '{said}' is not known"), &[secret]);
        assert_eq!(
            shown, "user '[withheld]' is not known",
            "{secret} as {said}"
        );
    }
}

#[test]
fn small_letter_is_compared_as_its_capital() {
    for c in ('\0'..=char::MAX).filter(|c| !is_invisible(*c)) {
        let capital = c.to_uppercase().to_string();
        assert!(
            folded(&c.to_string()).chars().count() <= c.len_utf8(),
            "{c}"
        );
        assert_eq!(
            folded(&c.to_string()),
            folded(&capital),
            "{c} and {capital}"
        );
    }
}

#[test]
fn run_of_digits_may_begin_with_something_else() {
    for (secret, run) in [
        ("segredo", "c2VncmVkbw"),
        ("s3gr", "czNncg"),
        ("segredo", "7365677265646f"),
        ("s3gr", "73336772"),
    ] {
        for before in ["", "k", "ke", "key", "keys", "a", "a0"] {
            let shown = show(&format!("a {before}{run}!"), &[secret]);
            assert!(!shown.contains(run), "{shown}");
            assert!(
                shown.starts_with("a ") && shown.ends_with("[withheld]!"),
                "{shown}"
            );
        }
    }
}

#[test]
fn every_spelling_is_withheld() {
    for secret in SECRETS {
        for (spelling, spell) in SPELLINGS {
            assert_withheld(secret, spelling, &spell(secret));
            for (outer, spell_again) in LAYERED {
                let spelled = spell_again(&spell(secret));
                assert_withheld(secret, &format!("{outer} of {spelling}"), &spelled);
            }
        }
    }
}

#[test]
fn part_of_a_secret_is_withheld_in_every_spelling() {
    for secret in SECRETS.into_iter().filter(|secret| secret.len() > 16) {
        let part: String = secret.chars().skip(3).take(14).collect();
        for (spelling, spell) in SPELLINGS {
            for before in ["", "x", "xy"] {
                let spelled = spell(&format!("{before}{part}"));
                assert_withheld(secret, spelling, &spelled);
            }
        }
    }
}

#[test]
fn secret_that_looks_encoded_is_withheld_in_every_spelling() {
    for secret in [
        "50%25 \"x\"",
        "a%41b\\\"c",
        "&amp;&#65;&x",
        "\\\\u0041\"",
        "100%2541",
        "\\u00e9\\n'",
    ] {
        for (spelling, spell) in SPELLINGS {
            assert_withheld(secret, spelling, &spell(secret));
        }
    }
    for secret in ["%252541\"x", "&amp;amp;amp;amp;'x"] {
        let spelled = each(&json(secret), html);
        assert_withheld(secret, "JSON in HTML", &spelled);
    }
}

fn assert_withheld(secret: &str, spelling: &str, spelled: &str) {
    let shown = show(&format!("before '{spelled}' after"), &["other", secret]);
    // Case, accents and invisible characters may go, and what is around it may go with it, but not more.
    assert!(
        shown.starts_with("before ") && shown.ends_with(" after") && shown.contains(WITHHELD),
        "{secret} in {spelling}, {spelled}: {shown}"
    );
    let rest = shown.replace(WITHHELD, "");
    assert!(
        rest.chars().count() < 30,
        "{secret} in {spelling}, {spelled}: {shown}"
    );
}

#[test]
fn what_cannot_be_seen_is_removed_and_the_rest_is_kept() {
    for (said, shown) in [
        ("Credenciais inválidas.", "Credenciais inválidas."),
        ("one\r\ntwo", "onetwo"),
        ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
        ("a\0b\u{7f}c\u{85}d\u{9b}e", "abcde"),
        ("\t\n", ""),
        ("one\u{2028}two\u{202e}three\u{feff}", "onetwothree"),
        ("\u{e000}a\u{f8ff}b\u{f0000}c\u{10fffd}", "abc"),
        (
            "\u{34f}a\u{115f}b\u{17b4}c\u{180e}d\u{3164}e\u{fe0f}f\u{ffa0}g\u{1d173}h\u{e0041}i",
            "abcdefghi",
        ),
        (
            "日本 🦀 e\u{301} «—» \u{fffd}",
            "日本 🦀 e\u{301} «—» \u{fffd}",
        ),
        ("", ""),
    ] {
        assert_eq!(one_line(said), shown, "{said:?}");
        assert_eq!(show(said, &["secret"]), shown, "{said:?}");
    }
    let hidden = ('\0'..=char::MAX).filter(|c| one_line(&c.to_string()).is_empty());
    let private = 6400 + 2 * 65_536;
    let default_ignorable = 4174;
    // Line and paragraph separators, and the interlinear marks U+FFF9 to U+FFFB.
    assert_eq!(hidden.count(), 65 + private + default_ignorable + 2 + 3);
}

#[test]
fn texts_are_cut_after_256_characters_whatever_their_bytes() {
    for letter in ["a", "ç", "語", "🦀"] {
        for secrets in [&[][..], &["secret"]] {
            for (written, shown) in [(256, 256), (257, 256), (10_000, 256)] {
                assert_eq!(show(&letter.repeat(written), secrets), letter.repeat(shown));
            }
        }
    }
    let said = format!("{}{}", "\n".repeat(3000), "a".repeat(256));
    assert_eq!(one_line(&said), "a".repeat(256), "counted after cleaning");
    // A mark is shown whole, or not.
    for before in 0..=256 {
        let shown = show(&format!("{} secret", "x".repeat(before)), &["secret"]);
        let whole = before + 1 + WITHHELD.len() <= 256;
        assert_eq!(shown.contains('['), whole, "{before} before it");
        assert_eq!(shown.contains(WITHHELD), whole, "{before} before it");
    }
}

#[test]
fn secret_does_not_leak_at_the_edge_of_what_is_shown() {
    let secret = "0123456789abcdefghijklmnopqrstuv";
    for (_, spell) in SPELLINGS {
        for before in 230..=256 {
            let said = format!("{} {}", "x".repeat(before), spell(secret));
            let shown = show(&said, &[secret]);
            let rest = shown.replace(WITHHELD, "");
            assert!(
                rest.chars().all(|c| "x :,[]".contains(c)),
                "{before} before it: {shown}"
            );
        }
    }
}

#[test]
fn secret_does_not_leak_at_the_edge_of_what_is_searched() {
    for secret in ["segredo", "0123456789abcdefghijklmnopqrstuv"] {
        for fill in ["s3gredos".repeat(100), "segredo ".repeat(400)] {
            for before in 0..300 {
                let said = format!("{} {fill} {secret} {secret}", "x".repeat(before));
                let shown = show(&said, &["s3gredo", "segredo", secret]);
                let rest = shown.replace(WITHHELD, "");
                assert!(
                    rest.chars().all(|c| c == 'x' || c == ' '),
                    "{before}: {shown}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn no_secret_of_four_letters_is_shown_in_any_spelling(
        secret in secret(),
        before in ".{0,300}",
        after in ".{0,40}",
        (_, spell) in prop::sample::select(SPELLINGS.to_vec()),
    ) {
        let spelled = spell(&secret);
        let shown = show(&format!("{before} '{spelled}' {after}"), &[&secret]);
        prop_assert!(shown.chars().count() <= 256);
        prop_assert!(!shown.chars().any(is_invisible));
        let rest = shown.replace(WITHHELD, "\n");
        prop_assert!(!rest.contains(&secret), "{shown:?}");
        prop_assert!(!rest.contains(&spelled), "{shown:?}");
        prop_assert!(!folded(&rest).contains(&folded(&secret)), "{shown:?}");
        let spelled = visible(&spelled);
        let space = 256 - before.chars().filter(|c| !is_invisible(*c)).count().min(256);
        prop_assert!(space < 20 || shown.contains(WITHHELD), "{spelled:?}: {shown:?}");
    }

    #[test]
    fn no_twelve_bytes_of_a_secret_are_ever_shown(
        secret in "[!-~ À-ſ]{1,60}",
        before in "[!-~ À-ſ]{0,300}",
        after in "[!-~ À-ſ]{0,40}",
        from in any::<Index>(),
    ) {
        let characters: Vec<char> = secret.chars().collect();
        let part: String = characters.iter().skip(from.index(characters.len())).collect();
        let shown = show(&format!("{before}{part}{after}"), &[&secret]);
        let characters: Vec<char> = secret.chars().collect();
        for start in 0..characters.len() {
            let mut fragment = String::new();
            for c in characters.iter().skip(start) {
                if fragment.len() < 12 {
                    fragment.push(*c);
                }
            }
            prop_assert!(fragment.len() < 12 || !shown.contains(&fragment), "{fragment:?}: {shown:?}");
        }
    }

    #[test]
    fn text_without_a_secret_is_unchanged_but_for_what_cannot_be_seen(
        said in prop_oneof![".{0,300}", r#"[\\%&#;xu0-9a-f=+ ]{0,300}"#, "(?s).{0,60}"],
        secrets in prop::collection::vec("[\u{2800}-\u{28ff}]{4,40}", 0..3),
    ) {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let expected: String = visible(&said).chars().take(256).collect();
        prop_assert_eq!(show(&said, &secrets), expected);
    }

    #[test]
    fn nothing_makes_it_panic(
        said in prop_oneof![
            "(?s).{0,2000}",
            r#"[\\%&#;{}xuU0-9a-fD =+:,-]{0,2000}"#,
            r"(\\u[dD][89a-f][0-9a-f]{2}|%[c-f][0-9a-f]|%[89ab][0-9a-f]|&#[0-9]{1,9};?|-?[0-9]{1,4}, ?){0,300}",
        ],
        secrets in prop::collection::vec("(?s).{0,30}", 0..4),
    ) {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let shown = show(&said, &secrets);
        prop_assert!(shown.chars().count() <= 256);
        prop_assert!(!shown.chars().any(is_invisible));
    }
}

// What it costs

#[test]
fn secrets_are_prepared_once_and_only_when_a_text_is_shown() {
    let redaction = Redaction::new(&["secret"]);
    assert!(redaction.show("").is_empty());
    assert!(redaction.fingerprints.get().is_none());
    redaction.show("a text");
    assert!(redaction.fingerprints.get().is_some());
}

#[test]
fn long_text_costs_no_more_than_a_short_one() {
    let redaction = Redaction::new(&["secret", "ana"]);
    redaction.show(&".".repeat(100));
    assert_eq!(
        redaction.steps(),
        100 * (1 + 2 + 6),
        "folded, looked up, and run by run"
    );
    for piece in [
        "a",
        "é",
        "0",
        "%2525",
        "1, ",
        "&amp;",
        "\\\\u00e9",
        "secret ",
    ] {
        let steps = |length: usize| {
            let redaction = Redaction::new(&["secret"]);
            redaction.show(&piece.repeat(length / piece.len()));
            redaction.steps()
        };
        assert!(steps(100) < steps(1000), "{piece}");
        assert_eq!(steps(10_000), steps(65_000), "{piece}");
    }
}

#[test]
fn texts_of_an_answer_are_withheld_when_they_cost_too_much() {
    let redaction = Redaction::new(&["secret"]);
    let shown: Vec<String> = (0..1000)
        .map(|_| redaction.show(&"a ".repeat(100)))
        .collect();
    let (read, unread) = shown.split_at(shown.iter().take_while(|it| *it != WITHHELD).count());
    assert!(read.len() > 50 && !unread.is_empty());
    assert!(unread.iter().all(|it| it == WITHHELD));
    assert_eq!(redaction.steps(), LONGEST_SEARCH);
    assert_eq!(redaction.show(""), "");
    // Without secrets there is nothing to search for.
    let redaction = Redaction::new(&[]);
    assert!((0..1000).all(|_| redaction.show("a") == "a"));
}

fn show(said: &str, secrets: &[&str]) -> String {
    Redaction::new(secrets).show(said)
}

fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

fn folded(text: &str) -> String {
    let mut folded = String::new();
    for c in text.chars() {
        letters::fold(c, |c| folded.push(c));
    }
    folded
}

/// One that would not be looked for as a word only, nor is a part of the mark.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]{4,60}", "[ -~À-ſ]{4,30}", r"\PC{4,30}"].prop_filter("too short", |secret| {
        let folded = folded(&visible(secret.trim()));
        folded.chars().count() >= 4 && !WITHHELD.contains(&folded)
    })
}

type Spell = fn(&str) -> String;

const SPELLINGS: [(&str, Spell); 35] = [
    ("as it is", str::to_owned),
    ("capitals", str::to_uppercase),
    ("small letters", str::to_lowercase),
    ("decomposed", decomposed),
    ("split by invisible characters", |it| {
        each(it, |c| format!("{c}\u{200b}"))
            .trim_end_matches('\u{200b}')
            .into()
    }),
    ("JSON", |it| json(it)),
    ("JSON with \\/", |it| json(it).replace('/', "\\/")),
    ("JSON in ASCII", json_in_ascii),
    ("JSON in digits", |it| {
        it.encode_utf16()
            .fold(String::new(), |text, unit| text + &format!("\\u{unit:04X}"))
    }),
    ("Rust", |it| it.escape_debug().to_string()),
    ("Rust in ASCII", |it| it.escape_default().to_string()),
    ("\\x", |it| bytes(it, |byte| format!("\\x{byte:02x}"))),
    ("C in octal digits", |it| {
        bytes(it, |byte| match byte {
            b' '..=b'~' if byte != b'\\' => char::from(byte).into(),
            _ => format!("\\{byte:03o}"),
        })
    }),
    ("\\U", |it| {
        each(it, |c| match c {
            ' '..='~' if c != '\\' => c.into(),
            _ => format!("\\U{:08x}", c as u32),
        })
    }),
    ("HTML", |it| each(it, html)),
    ("HTML by name", |it| each(it, html_by_name)),
    ("HTML in decimal numbers", |it| {
        each(it, |c| format!("&#{};", c as u32))
    }),
    ("HTML in hexadecimal numbers", |it| {
        each(it, |c| format!("&#x{:X};", c as u32))
    }),
    ("form", form_encoded),
    ("URL", |it| form_encoded(it).replace('+', "%20")),
    ("URL in small letters", |it| {
        bytes(it, |byte| match byte {
            b'0'..=b'9' | b'A'..=b'z' => char::from(byte).into(),
            _ => format!("%{byte:02x}"),
        })
    }),
    ("URL in digits", |it| {
        bytes(it, |byte| format!("%{byte:02X}"))
    }),
    ("URL twice", |it| form_encoded(&form_encoded(it))),
    ("JavaScript's escape", |it| {
        it.encode_utf16()
            .fold(String::new(), |text, unit| text + &format!("%u{unit:04X}"))
    }),
    ("base64", |it| STANDARD.encode(it)),
    ("base64 without padding", |it| STANDARD_NO_PAD.encode(it)),
    ("base64 for URLs", |it| URL_SAFE.encode(it)),
    ("base64 for URLs without padding", |it| {
        URL_SAFE_NO_PAD.encode(it)
    }),
    ("base64 after one byte", |it| {
        STANDARD.encode(format!(":{it}"))
    }),
    ("base64 after two bytes", |it| {
        STANDARD.encode(format!("a:{it}:b"))
    }),
    ("hexadecimal", |it| bytes(it, |byte| format!("{byte:02x}"))),
    ("hexadecimal with colons", |it| {
        bytes(it, |byte| format!("{byte:02X}:"))
    }),
    ("hexadecimal list", |it| {
        bytes(it, |byte| format!("0x{byte:02x}, "))
    }),
    ("decimal list", |it| format!("{:?}", it.as_bytes())),
    ("signed decimal list", |it| {
        bytes(it, |byte| format!("{},", byte.cast_signed()))
    }),
];

/// What servers do to a text that may be spelled already.
const LAYERED: [(&str, Spell); 6] = [
    ("JSON", |it| json(it)),
    ("JSON in ASCII", json_in_ascii),
    ("HTML", |it| each(it, html)),
    ("form", form_encoded),
    ("base64", |it| STANDARD.encode(it)),
    ("hexadecimal", |it| bytes(it, |byte| format!("{byte:02X}"))),
];

fn each(text: &str, spell: impl Fn(char) -> String) -> String {
    text.chars().map(spell).collect()
}

fn bytes(text: &str, spell: impl Fn(u8) -> String) -> String {
    text.bytes().map(spell).collect()
}

fn decomposed(text: &str) -> String {
    each(text, |c| match c {
        'ã' => "a\u{303}".into(),
        'é' => "e\u{301}".into(),
        'í' => "i\u{301}".into(),
        'ö' => "o\u{308}".into(),
        'Ü' => "U\u{308}".into(),
        c => c.into(),
    })
}

fn html(c: char) -> String {
    match c {
        '"' => "&quot;".into(),
        '\'' => "&#x27;".into(),
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        'ã' => "&atilde;".into(),
        'é' => "&eacute;".into(),
        c => c.into(),
    }
}

/// As servers write it that have a name for everything.
fn html_by_name(c: char) -> String {
    let name = match c {
        ' ' => "nbsp",
        '%' => "percnt",
        '(' => "lpar",
        '*' => "ast",
        '+' => "plus",
        '-' | '~' => return c.into(),
        '.' => "period",
        '/' => "sol",
        '=' => "equals",
        '@' => "commat",
        '\\' => "bsol",
        '_' => "lowbar",
        '|' => "verbar",
        'ö' => "ouml",
        'Ü' => "Uuml",
        'í' => "iacute",
        c => return html(c),
    };
    format!("&{name};")
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted
        .strip_prefix('"')
        .unwrap()
        .strip_suffix('"')
        .unwrap()
        .into()
}

fn json_in_ascii(text: &str) -> String {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(b'"') => escaped += "\\\"",
            Ok(b'\\') => escaped += "\\\\",
            Ok(byte @ 0x20..=0x7e) => escaped.push(char::from(byte)),
            _ => write!(escaped, "\\u{unit:04x}").unwrap(),
        }
    }
    escaped
}

const MARKS: &str =
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}f\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}gh";
const PASSWORD: &str = "p@ss/wörd & 50%+x";
/// Short and long ones, and the canaries of the conformance suite.
const SECRETS: [&str; 10] = [
    "senha🦀1",
    "Sé1\"",
    "Segredo1\"23",
    "<José & 'Ana'>",
    PASSWORD,
    "maría.zq7Wf2LxkT9 + \"pB4\\\"@example.com",
    "h8Kd2 & pão=%9vRt+Ü \"qX5\"\\jN3m/wYcE1sG6b",
    "ORG-5tGb6yHn7uJm_8iK9oL0pQaZ",
    "aT3xY+kfj29dkQ/0wl.Z8cVbn_M4e-RtLpq==",
    "rF7pKz1~uWm5HsXo|2vNq6(LgBj)8EdYcTa",
];
