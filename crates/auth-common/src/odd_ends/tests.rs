use super::*;

#[test]
fn what_nobody_meant_to_write_is_named() {
    for (text, odd) in [
        ("\u{feff}segredo", "begins with a byte order mark, U+FEFF"),
        ("segredo ", "ends with a space"),
        (" segredo ", "begins and ends with a space"),
        (" ", "begins and ends with a space"),
        ("\"segredo\"", "begins and ends with a quotation mark"),
        ("'segredo\"", "begins and ends with a quotation mark"),
        ("“segredo”", "begins and ends with a quotation mark"),
        (
            "segredo\u{a0}",
            "ends with another space than the usual one, U+00A0",
        ),
        (
            "\u{3000}segredo",
            "begins with another space than the usual one, U+3000",
        ),
        (
            "segredo\u{200b}",
            "ends with a character that cannot be seen, U+200B",
        ),
        (
            "segredo\n",
            "ends with a character that cannot be seen, U+000A",
        ),
        (
            "\u{feff}segredo ",
            "begins with a byte order mark, U+FEFF and ends with a space",
        ),
    ] {
        assert_eq!(odd_ends(text).as_deref(), Some(odd), "{text:?}");
    }
}

#[test]
fn most_texts_are_not_odd() {
    for text in [
        "",
        "segredo",
        "pão & queijo + 1%",
        "a b",
        "it's",
        "-_!~",
        "(x)",
        "日本",
        "\u{e9}",
    ] {
        assert_eq!(odd_ends(text), None, "{text:?}");
    }
}
