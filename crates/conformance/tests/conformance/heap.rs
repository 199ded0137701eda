//! What is left in memory. A child process uses an authenticator, drops it, and counts the copies of the password and of
//! the token in all the memory that it can write to.
//!
//! Password and token are computed letter by letter and compared in a masked form, so that neither the program nor the
//! search adds a copy of its own.

use std::{
    env,
    fs::{self, File},
    os::unix::fs::FileExt,
    process::{self, Command},
};

use auth_common::{Authenticator, BaseUrl, TokenEndpoint};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use rcgen::{CertificateParams, KeyPair};
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Runtime;
use vendors::directlink_auth;
use zeroize::Zeroizing;

use crate::{
    server::{Server, json},
    tls,
    vendor::{Vendor, builder_for, every_vendor, success},
};

async fn no_password_and_at_most_one_token_outlive_the_last_drop<V: Vendor>() {
    let token = text(TOKEN);
    let success = success::<V>(token.expose_secret()).to_string();
    let server = Server::answering(json("200 OK", success)).await;
    let census = census::<V>(&server.base_url(), "").await;
    census.print::<V>("plain HTTP");
    assert!(
        census.alive.password > census.vendor.password && census.alive.token > 0,
        "the search finds nothing"
    );
    assert_eq!(census.dropped.password, census.vendor.password);
    // The HTTP library reads into a buffer that it does not wipe.
    assert!(census.dropped.token <= 1, "{}", census.dropped.token);
}
every_vendor!(no_password_and_at_most_one_token_outlive_the_last_drop);

async fn no_password_outlives_the_last_drop_over_https<V: Vendor>() {
    let token = text(TOKEN);
    let server = tls::trusted::<V>(token.expose_secret()).await;
    let census = census::<V>(&server.base_url(), tls::root()).await;
    census.print::<V>("HTTPS");
    assert!(
        census.alive.password > census.vendor.password && census.alive.token > 0,
        "the search finds nothing"
    );
    assert_eq!(census.dropped.password, census.vendor.password);
}
every_vendor!(no_password_outlives_the_last_drop_over_https);

async fn no_password_is_kept_between_logins_where_its_source_keeps_none<V: Vendor>() {
    let token = text(TOKEN);
    let success = success::<V>(token.expose_secret()).to_string();
    let server = Server::answering(json("200 OK", success)).await;
    let census = census_with_files::<V>(&server.base_url()).await;
    assert!(
        census.vendor.password > 0 && census.alive.token > 0,
        "the search finds nothing"
    );
    assert_eq!(census.alive.password, 0);
    assert_eq!(census.dropped.password, 0);
}
every_vendor!(no_password_is_kept_between_logins_where_its_source_keeps_none);

/// The child process of a program that has its password in a file, and nowhere else.
fn child_with_files<V: Vendor>() {
    if env::var(FILES).is_err() {
        return;
    }
    let needles = needles();
    let password = text(PASSWORD);
    report("vendor", &needles);
    drop(password);
    let client = Authenticator::<V::Endpoint>::from_env().unwrap();
    let runtime = runtime();
    let token = runtime.block_on(client.token()).unwrap();
    report("alive", &needles);
    drop((token, client, runtime));
    report("dropped", &needles);
}
every_vendor!(child child_with_files);

/// The child process: it asks for a token at the address in its environment, and reports what it finds in its memory.
fn child<V: Vendor>() {
    let Ok(base) = env::var(BASE_URL) else {
        return;
    };
    let root = env::var(ROOT).unwrap();
    let needles = needles();
    let runtime = runtime();
    // The vendor's side knows the password, and keeps it for as long as this process lives.
    let vendor = V::knowing(IDENTITY, text(PASSWORD).expose_secret(), "4321");
    report("vendor", &needles);
    let mut builder = builder_for(&vendor, base.parse().unwrap()).unwrap();
    if !root.is_empty() {
        builder = builder.root_certificate(root.as_bytes());
    }
    let client = builder.build().unwrap();
    let token = runtime.block_on(client.token()).unwrap();
    report("alive", &needles);
    drop((token, client, runtime));
    report("dropped", &needles);
    drop(vendor);
}
every_vendor!(child child);

fn needles() -> [Needle; 3] {
    [
        Needle::new(text(PASSWORD)),
        Needle::new(text(TOKEN)),
        Needle::new(basic()),
    ]
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// The TLS library keeps the key's number in a form of its own. The text that it came in and its encoding are nowhere, as
/// soon as the setting is made.
#[tokio::test]
async fn no_copy_of_a_client_certificate_s_key_is_left() {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["shop.example".to_owned()]).unwrap();
    let pem = params.self_signed(&key).unwrap().pem() + &key.serialize_pem();
    let file = env::temp_dir().join(format!("heap-{}.pem", process::id()));
    fs::write(&file, pem).unwrap();
    let mut child = process("heap::key_child");
    child.env(KEY, &file);
    let child = run(child).await;
    fs::remove_file(file).unwrap();
    let given = child.copies("given");
    assert!(given.iter().all(|copies| *copies > 0), "{given:?}");
    assert_eq!(
        (child.copies("set"), child.copies("built")),
        ([0; 3], [0; 3])
    );
}

/// The child process: it gives the key in the file to a builder, forgets its own copy, and reports what it finds.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn key_child() {
    let Ok(file) = env::var(KEY) else {
        return;
    };
    let pem = Zeroizing::new(fs::read(file).unwrap());
    let text = str::from_utf8(&pem).unwrap();
    let (_, key) = text.split_once("BEGIN PRIVATE KEY-----\n").unwrap();
    let mut lines = key.lines();
    let (first, second) = (lines.next().unwrap(), lines.next().unwrap());
    let mut der = Zeroizing::new(vec![0; 48]);
    STANDARD_NO_PAD.decode_slice(first, &mut der).unwrap();
    // The end of its header, without which the library keeps the number, and the beginning of the number.
    let needles = [
        Needle::masking(first.bytes()),
        Needle::masking(second.bytes()),
        Needle::masking(der[26..48].iter().copied()),
    ];
    report("given", &needles);
    let base = "https://vendor.example".parse().unwrap();
    let builder = builder_for(&directlink_auth::testing::Vendor::default(), base).unwrap();
    let builder = builder.client_certificate(&pem);
    drop(pem);
    drop(der);
    // At once: whatever is built next may lie where a copy was.
    report("set", &needles);
    let client = builder.build().unwrap();
    report("built", &needles);
    drop(client);
}

/// How many copies there are.
struct Copies {
    password: usize,
    token: usize,
    basic: usize,
}

struct Census {
    /// Before there is an authenticator.
    vendor: Copies,
    alive: Copies,
    dropped: Copies,
}

impl Census {
    #[allow(clippy::print_stdout, reason = "the figures are for people")]
    fn print<V: Vendor>(&self, wire: &str) {
        let Copies { token, basic, .. } = &self.dropped;
        let password = self.dropped.password - self.vendor.password;
        let vendor = V::Endpoint::VENDOR;
        println!(
            "{vendor} over {wire}, after the last drop: password {password}, token {token}, Basic header {basic}"
        );
    }
}

async fn census<V: Vendor>(base: &BaseUrl, root: &str) -> Census {
    let mut child = process(&format!("heap::child::{}", V::MODULE));
    child.env(BASE_URL, base.as_str()).env(ROOT, root);
    census_of(child).await
}

/// The census of a program that is told by its environment which files hold what the vendor wants to know.
async fn census_with_files<V: Vendor>(base: &BaseUrl) -> Census {
    let mut child = process(&format!("heap::child_with_files::{}", V::MODULE));
    child.env(FILES, "");
    let vendor = V::knowing(IDENTITY, text(PASSWORD).expose_secret(), "4321");
    let folder = env::temp_dir().join(format!("heap-{}-{}", V::MODULE, process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (name, value) in vendor.variables(base.as_str()) {
        if value == base.as_str() {
            child.env(name, value);
            continue;
        }
        let file = folder.join(name);
        fs::write(&file, value).unwrap();
        child.env(format!("{name}_FILE"), file);
    }
    let census = census_of(child).await;
    fs::remove_dir_all(folder).unwrap();
    census
}

/// This very program, which runs one of its ignored tests.
fn process(test: &str) -> Command {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "--ignored", "--nocapture", test]);
    child
}

async fn census_of(child: Command) -> Census {
    let child = run(child).await;
    let copies = |moment| {
        let [password, token, basic] = child.copies(moment);
        Copies {
            password,
            token,
            basic,
        }
    };
    Census {
        vendor: copies("vendor"),
        alive: copies("alive"),
        dropped: copies("dropped"),
    }
}

async fn run(mut child: Command) -> Child {
    let output = tokio::task::spawn_blocking(move || child.output().unwrap());
    let output = output.await.unwrap();
    Child {
        report: String::from_utf8(output.stdout).unwrap(),
        complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What a child process said.
struct Child {
    report: String,
    complaint: String,
}

impl Child {
    /// How many copies there were of each needle.
    fn copies(&self, moment: &str) -> [usize; 3] {
        let line = self.report.lines().find_map(|it| it.strip_prefix(moment));
        let line = line.unwrap_or_else(|| panic!("{}\n{}", self.report, self.complaint));
        let numbers: Vec<usize> = line
            .split_whitespace()
            .map(|number| number.parse().unwrap())
            .collect();
        numbers.try_into().unwrap()
    }
}

#[allow(clippy::print_stdout, reason = "the parent reads it")]
fn report(moment: &str, needles: &[Needle; 3]) {
    let copies = count(needles);
    // libtest has begun a line of its own.
    println!("\n{moment} {} {} {}", copies[0], copies[1], copies[2]);
}

/// How often each needle is in the memory that this process can write to.
fn count(needles: &[Needle; 3]) -> [usize; 3] {
    let memory = File::open("/proc/self/mem").unwrap();
    let mut page = vec![0; 1 << 16];
    let own = page.as_ptr() as usize..page.as_ptr() as usize + page.len();
    let mut copies = [0; 3];
    for (start, end) in writable() {
        let mut at = start;
        while at < end {
            let length = page.len().min(end - at);
            let Ok(read) = memory.read_at(&mut page[..length], at as u64) else {
                break;
            };
            for (needle, copies) in needles.iter().zip(&mut copies) {
                let starts = needle.find(&page[..read]);
                *copies += starts
                    .filter(|offset| !own.contains(&(at + offset)))
                    .count();
            }
            if at + read >= end || read <= OVERLAP {
                break;
            }
            at += read - OVERLAP;
        }
    }
    page.fill(0);
    copies
}

fn writable() -> Vec<(usize, usize)> {
    fs::read_to_string("/proc/self/maps")
        .unwrap()
        .lines()
        .filter_map(|line| {
            let (range, rest) = line.split_once(' ')?;
            let (start, end) = range.split_once('-')?;
            let address = |text| usize::from_str_radix(text, 16).unwrap();
            rest.starts_with("rw")
                .then(|| (address(start), address(end)))
        })
        .collect()
}

/// What is searched for, masked.
struct Needle(Vec<u8>);

impl Needle {
    fn new(text: SecretString) -> Self {
        Self::masking(text.expose_secret().bytes())
    }

    fn masking(bytes: impl Iterator<Item = u8>) -> Self {
        Self(bytes.map(|byte| byte ^ MASK).collect())
    }

    /// Where it begins.
    fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let first = self.0[0] ^ MASK;
        let starts = bytes
            .iter()
            .enumerate()
            .filter(move |(_, byte)| **byte == first);
        starts.map(|(at, _)| at).filter(|at| {
            bytes.get(*at..*at + self.0.len()).is_some_and(|window| {
                window
                    .iter()
                    .zip(&self.0)
                    .all(|(byte, masked)| byte ^ MASK == *masked)
            })
        })
    }
}

/// Forty letters that nothing else in memory happens to be.
fn text(seed: usize) -> SecretString {
    let letter = |at: usize| char::from(b'a' + ((at * at * 31 + at * 17 + seed) % 26) as u8);
    let mut text = String::with_capacity(LENGTH);
    text.extend((0..LENGTH).map(letter));
    text.into()
}

/// What a header of Basic holds beside its name.
fn basic() -> SecretString {
    let mut pair = String::with_capacity(IDENTITY.len() + 1 + LENGTH);
    pair.push_str(IDENTITY);
    pair.push(':');
    pair.push_str(text(PASSWORD).expose_secret());
    let pair = SecretString::from(pair);
    let mut encoded = String::with_capacity(pair.expose_secret().len() * 4 / 3 + 1);
    STANDARD_NO_PAD.encode_string(pair.expose_secret(), &mut encoded);
    encoded.into()
}

const IDENTITY: &str = "identity!";
const PASSWORD: usize = 3;
const TOKEN: usize = 11;
const LENGTH: usize = 40;
/// Longer than any needle, so that none is cut in two.
const OVERLAP: usize = 128;
const MASK: u8 = 0xa5;
const BASE_URL: &str = "CONFORMANCE_BASE_URL";
const ROOT: &str = "CONFORMANCE_ROOT";
const FILES: &str = "CONFORMANCE_FILES";
const KEY: &str = "CONFORMANCE_KEY";
