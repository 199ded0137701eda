//! What whoever reads the store learns.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use crate::{
    fleet::url,
    process::{Plan, STORE_KEY},
    rounds,
    server::{Server, is_installed},
    vendor::{PASSWORDS, Vendor},
};

#[test]
fn store_is_shown_no_secret() {
    if !is_installed() {
        return;
    }
    rounds(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        let mut monitor = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        monitor.write_all(b"MONITOR\r\n").unwrap();
        let listening = thread::spawn(move || {
            let mut heard = Vec::new();
            let _ = monitor.read_to_end(&mut heard);
            heard
        });
        let mut plan = Plan::new(&vendor, url(&server));
        let mut secrets = vec![];
        for password in PASSWORDS {
            plan.password = password;
            let worker = &plan.fleet(1)[0];
            secrets.push(worker.ask().token().to_owned());
            thread::sleep(Duration::from_millis(1100));
            secrets.push(worker.renew().token().to_owned());
        }
        plan.password = "s3cret-but-old";
        plan.run();
        assert_eq!(server.tell("DBSIZE"), ":3", "a record for each password");
        secrets.extend([PASSWORDS[0], PASSWORDS[1], "s3cret-but-old"].map(String::from));
        for request in vendor.requests() {
            if let crate::vendor::Kind::Refresh(presented) = request.kind {
                secrets.push(presented);
            }
        }
        secrets.extend(
            [
                "dev@exemplo.com.br",
                "4321",
                "ZapSign",
                "zapsign",
                STORE_KEY,
            ]
            .map(String::from),
        );
        secrets.push(vendor.url());
        secrets.push("No active account found".into());

        let mut values = dump(&server);
        drop(server);
        values.push(listening.join().unwrap());
        assert!(values.len() == 4 && values.iter().all(|it| it.len() > 200));
        for value in values {
            // The monitor escapes what is no text.
            let plain = unescaped(&value);
            for secret in &secrets {
                // Four digits may come by chance, in the time.
                if secret.len() < 5 {
                    continue;
                }
                for spelling in spellings(secret) {
                    for seen in [&value, &plain] {
                        let found = seen.windows(spelling.len()).any(|it| it == spelling);
                        assert!(!found, "{secret}: {}", String::from_utf8_lossy(&spelling));
                    }
                }
            }
        }
    });
}

/// All values, as they are kept.
fn dump(server: &Server) -> Vec<Vec<u8>> {
    let ask = |words: &[&[u8]]| {
        let mut socket = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend(format!("${}\r\n", word.len()).into_bytes());
            request.extend(*word);
            request.extend(b"\r\n");
        }
        request.extend(b"QUIT\r\n");
        socket.write_all(&request).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        answer
    };
    let names = String::from_utf8(ask(&[b"KEYS", b"*"])).unwrap();
    let names = names
        .lines()
        .filter(|line| line.starts_with("tokens-br:1:"));
    names.map(|name| ask(&[b"GET", name.as_bytes()])).collect()
}

/// As it is, reversed, in hexadecimal, in Base64 at each of the three offsets, in JSON, in a URL.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|it| format!("{it:02x}")).collect();
    let url: String = bytes.iter().map(|it| format!("%{it:02X}")).collect();
    let json = serde_json::to_string(secret).unwrap();
    let mut all = vec![
        bytes.to_vec(),
        bytes.iter().rev().copied().collect(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        url.into_bytes(),
        json.trim_matches('"').as_bytes().to_vec(),
        secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ];
    for offset in 0..3 {
        let padded = [&vec![0; offset][..], bytes].concat();
        for alphabet in [STANDARD, URL_SAFE] {
            let text = base64(&padded, alphabet);
            // The first characters, and the last, depend on their neighbours.
            let first = [0, 2, 3][offset];
            let last = padded.len() / 3 * 4;
            all.push(text[first..last].to_vec());
        }
    }
    all
}

fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> Vec<u8> {
    let mut text = Vec::new();
    for three in bytes.chunks(3) {
        let mut group = 0;
        for at in 0..3 {
            group = group << 8 | usize::from(*three.get(at).unwrap_or(&0));
        }
        text.extend([18, 12, 6, 0].map(|shift| alphabet[group >> shift & 63]));
    }
    text
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let hex = |it: &[u8]| u8::from_str_radix(std::str::from_utf8(it).ok()?, 16).ok();
        match after {
            [b'x', digits @ ..] if *first == b'\\' && digits.len() >= 2 => {
                plain.extend(hex(&digits[..2]));
                rest = &digits[2..];
            }
            [escaped, after @ ..] if *first == b'\\' => {
                plain.push(*escaped);
                rest = after;
            }
            _ => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

#[test]
fn spellings_are_found_where_they_are() {
    let (secret, text) = ("Senhaforte123", b"xxSenhaforte123yy");
    for from in 0..3 {
        let text = base64(&text[from..], STANDARD);
        let found = |it: &Vec<u8>| text.windows(it.len()).any(|seen| seen == it);
        assert!(spellings(secret).iter().any(found), "{from}");
    }
    assert_eq!(unescaped(br#"a\x41\\b\"\n"#), b"aA\\b\"n");
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
