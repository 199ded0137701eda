//! What sharing a token costs, measured with a Redis server on loopback: each line on the standard output is a row of the
//! table, its columns parted by tabs. [`benchmarks::store`] reads them.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program of the benchmarks, which say what it panicked of"
)]

use std::{
    env,
    hint::black_box,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, sleep},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use auth_common::StoreKey;
use auth_store::RedisStore;
use benchmarks::{
    Result, budgets,
    cached::{at_once, in_turn},
    rounds,
    server::http,
};
use directlink_auth::{Authenticator, Credentials};
use rustix::time::{ClockId, clock_gettime};
use server::Server;
use tokio::runtime::{Builder, Runtime};

#[allow(dead_code, reason = "the tests of the engine need more of it")]
#[path = "../../../auth-store/tests/redis/server.rs"]
mod server;

fn main() -> Result {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => measure(),
        ["connect", store] => {
            let address = store.strip_prefix("redis://").ok_or("no address")?;
            black_box(TcpStream::connect(address)?);
            Ok(())
        }
        ["warm", vendor, store] => {
            let authenticator = authenticator(vendor, Some(store))?;
            current_thread()?.block_on(authenticator.authorization())?;
            Ok(())
        }
        ["ask", vendor, store] => ask(vendor, store),
        ["held-up", vendor, store] => held_up(vendor, store),
        _ => Err("usage: store-benchmarks".into()),
    }
}

fn measure() -> Result {
    cached()?;
    cold_start()?;
    warm_start()?;
    renewal()?;
    stopped()?;
    runtime_held_up()
}

/// A call with a token in the cache.
fn cached() -> Result {
    let (server, vendor) = (Server::start(), Vendor::start(Duration::ZERO, LIFETIME));
    let runtime = Runtime::new()?;
    let with = authenticator(&vendor.url, Some(&url(&server)))?;
    let without = authenticator(&vendor.url, None)?;
    for authenticator in [&with, &without] {
        runtime.block_on(authenticator.authorization())?;
    }
    let calls = |authenticator: &Authenticator| {
        let started = Instant::now();
        at_once(in_turn(CALLS, || authenticator.authorization()));
        Result::Ok(started.elapsed() / CALLS)
    };
    let (ours, reference) = rounds::medians(ROUNDS, || calls(&with), || calls(&without))?;
    row(
        "cached header with a store, against one without",
        Column::Ratio(ours, reference, budgets::STORE_CACHED_HEADER),
    );
    let counted = allocation_counter::measure(|| {
        black_box(at_once(with.authorization())).ok();
    });
    row(
        "cached header with a store: allocations",
        Column::Count(counted.count_total, budgets::CACHED_ALLOCATIONS),
    );
    Ok(())
}

/// Many processes ask at the same moment, and nobody has a token.
fn cold_start() -> Result {
    let (server, vendor) = (
        Server::start(),
        Vendor::start(Duration::from_secs(1), LIFETIME),
    );
    let mut fleet = Asker::fleet(PROCESSES, &vendor, &server)?;
    let mut last = 0;
    for asker in &mut fleet {
        asker.tell("ask")?;
    }
    for asker in &mut fleet {
        last = last.max(asker.hear()?);
    }
    let answered = vendor.answered.lock().unwrap().first().copied().unwrap();
    row(
        "cold start of 64 processes, vendor takes 1 s: logins",
        Column::Count(vendor.requests(), 1),
    );
    row(
        "cold start of 64 processes: the last header after the vendor's answer",
        Column::Time(
            Duration::from_micros(last.saturating_sub(answered)),
            budgets::STORE_COLD_START,
        ),
    );
    Ok(())
}

/// From the start of a program to its first header, where the fleet has a token.
fn warm_start() -> Result {
    let (server, vendor) = (Server::start(), Vendor::start(Duration::ZERO, LIFETIME));
    let store = url(&server);
    run(&["warm", &vendor.url, &store])?;
    let timed = |arguments: &[&str]| {
        let started = Instant::now();
        run(arguments)?;
        Result::Ok(started.elapsed())
    };
    let (warm, empty) = rounds::medians(
        STARTS,
        || timed(&["warm", &vendor.url, &store]),
        || timed(&["connect", &store]),
    )?;
    row(
        "warm start of a process: first header, beyond a program that connects to Redis",
        Column::Time(warm.saturating_sub(empty), budgets::STORE_WARM_START),
    );
    let (proxy, asked) = counting_proxy(server.port)?;
    run(&["warm", &vendor.url, &format!("redis://127.0.0.1:{proxy}")])?;
    row(
        "warm start of a process: round trips to Redis, that of connecting included",
        Column::Count(
            asked.load(Ordering::SeqCst) as u64,
            budgets::STORE_ROUND_TRIPS,
        ),
    );
    row(
        "warm starts: logins",
        Column::Count(vendor.requests() - 1, 0),
    );
    Ok(())
}

/// What is asked of the store across one renewal.
fn renewal() -> Result {
    let (server, vendor) = (Server::start(), Vendor::start(Duration::ZERO, SHORT));
    let mut fleet = Asker::fleet(FEW, &vendor, &server)?;
    for asker in &mut fleet {
        asker.tell("ask")?;
        asker.hear()?;
    }
    *vendor.lifetime.lock().unwrap() = LIFETIME;
    let before = evals(&server);
    for asker in &mut fleet {
        asker.tell("loop")?;
    }
    sleep(SHORT + Duration::from_secs(3));
    let operations = (evals(&server) - before) as f64 / FEW as f64;
    row(
        "operations on the store per process and renewal",
        Column::Part(operations, budgets::STORE_OPERATIONS),
    );
    row(
        "the same: requests to the vendor",
        Column::Count(vendor.requests() - 1, 1),
    );
    Ok(())
}

/// The store stands still, and its sockets stay open.
fn stopped() -> Result {
    let vendor = Vendor::start(Duration::ZERO, LIFETIME);
    let runtime = Runtime::new()?;
    let timed = |authenticator: &Authenticator| {
        let started = Instant::now();
        runtime.block_on(authenticator.renew())?;
        Result::Ok(started.elapsed())
    };
    let without = authenticator(&vendor.url, None)?;
    let (mut first, mut later) = (vec![], vec![]);
    for _ in 0..OUTAGES {
        let server = Server::start();
        let with = authenticator(&vendor.url, Some(&url(&server)))?;
        server.pause();
        let reference = timed(&without)?;
        first.push(timed(&with)?.saturating_sub(reference));
        for _ in 0..3 {
            // Requests are a second apart, with a store and without.
            sleep(Duration::from_millis(1050));
            let reference = timed(&without)?;
            later.push(timed(&with)?.saturating_sub(reference));
        }
        sleep(Duration::from_millis(1050));
    }
    first.sort();
    later.sort();
    row(
        "store stopped: what the first call takes longer",
        Column::Time(
            first.last().copied().unwrap(),
            budgets::STORE_STOPPED_FIRST_CALL,
        ),
    );
    row(
        "store stopped: what later renewals take longer, at the median",
        Column::Time(later[later.len() / 2], budgets::STORE_STOPPED_LATER_CALLS),
    );
    Ok(())
}

/// How long the one thread of a runtime does nothing else in a cold start, in its processor's time: whatever else the
/// machine does holds it up as well.
fn runtime_held_up() -> Result {
    let (server, vendor) = (Server::start(), Vendor::start(Duration::ZERO, LIFETIME));
    let longest = rounds::median_of(11, || {
        server.tell("FLUSHALL");
        let told = run(&["held-up", &vendor.url, &url(&server)])?;
        Result::Ok(Duration::from_micros(told.trim().parse()?))
    })?;
    row(
        "cold start of a process: the runtime's one thread is held up",
        Column::Time(longest, budgets::STORE_HOLDS_UP),
    );
    Ok(())
}

fn held_up(vendor: &str, store: &str) -> Result {
    let authenticator = authenticator(vendor, Some(store))?;
    let longest = current_thread()?.block_on(async {
        let asking = tokio::spawn(async move { authenticator.authorization().await });
        let (mut longest, mut last) = (Duration::ZERO, worked());
        while !asking.is_finished() {
            tokio::task::yield_now().await;
            let now = worked();
            longest = longest.max(now.saturating_sub(last));
            last = now;
        }
        asking.await??;
        Result::Ok(longest)
    })?;
    println!("{}", longest.as_micros());
    Ok(())
}

/// The processor time of this thread.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// One that asks when it is told to, and says when it had the header, in microseconds since 1970-01-01 UTC.
fn ask(vendor: &str, store: &str) -> Result {
    let authenticator = authenticator(vendor, Some(store))?;
    let runtime = current_thread()?;
    println!("ready");
    for line in io::stdin().lines() {
        let repeats = line? == "loop";
        runtime.block_on(async {
            loop {
                authenticator.authorization().await?;
                if !repeats {
                    break Result::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })?;
        println!("{}", now());
    }
    Ok(())
}

/// A process that [`ask`]s.
struct Asker {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Asker {
    fn fleet(number: usize, vendor: &Vendor, server: &Server) -> Result<Vec<Self>> {
        let mut fleet = (0..number)
            .map(|_| Self::start(&vendor.url, &url(server)))
            .collect::<Result<Vec<_>>>()?;
        for asker in &mut fleet {
            asker.line()?;
        }
        Ok(fleet)
    }

    fn start(vendor: &str, store: &str) -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args(["ask", vendor, store])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().ok_or("no input")?;
        let output = BufReader::new(process.stdout.take().ok_or("no output")?);
        Ok(Self {
            process,
            input,
            output,
        })
    }

    fn tell(&mut self, line: &str) -> Result {
        Ok(writeln!(self.input, "{line}")?)
    }

    fn hear(&mut self) -> Result<u64> {
        Ok(self.line()?.trim().parse()?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One that writes down when it answered, in microseconds since 1970-01-01 UTC.
struct Vendor {
    url: String,
    lifetime: Arc<Mutex<Duration>>,
    answered: Arc<Mutex<Vec<u64>>>,
}

impl Vendor {
    fn start(delay: Duration, lifetime: Duration) -> Self {
        let lifetime = Arc::new(Mutex::new(lifetime));
        let answered: Arc<Mutex<Vec<u64>>> = Arc::default();
        let (lives, tells) = (Arc::clone(&lifetime), Arc::clone(&answered));
        let server = benchmarks::server::Server::answering(move |_| {
            sleep(delay);
            let token = "Mjk3MWQ1ZTk".repeat(64);
            let expires_in = lives.lock().unwrap().as_secs();
            let mut answered = tells.lock().unwrap();
            answered.push(now());
            // No token is like another.
            let number = answered.len();
            let body = format!(
                r#"{{"access_token":"{token}{number}","token_type":"Bearer","expires_in":{expires_in}}}"#
            );
            http("200 OK", &body)
        });
        Self {
            url: server.unwrap().url(),
            lifetime,
            answered,
        }
    }

    fn requests(&self) -> u64 {
        self.answered.lock().unwrap().len() as u64
    }
}

fn authenticator(vendor: &str, store: Option<&str>) -> Result<Authenticator> {
    let credentials = Credentials::new("johndoe", "A3ddj3w")?;
    let mut builder = Authenticator::builder(vendor.parse()?, credentials);
    if let Some(store) = store {
        builder = builder.store(RedisStore::new(store, StoreKey::parse(KEY)?)?);
    }
    Ok(builder.build()?)
}

fn current_thread() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// What this very program says when it is run like that.
fn run(arguments: &[&str]) -> Result<String> {
    let output = Command::new(env::current_exe()?).args(arguments).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{arguments:?}: {said}").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn url(server: &Server) -> String {
    format!("redis://127.0.0.1:{}", server.port)
}

/// How many operations the store has carried out.
fn evals(server: &Server) -> u64 {
    let statistics = server.tell("INFO commandstats");
    let calls = statistics.split("cmdstat_eval:calls=").nth(1);
    calls.map_or(0, |it| it.split(',').next().unwrap().parse().unwrap())
}

/// A way to the server, and how often somebody waited for an answer of it: to connect, and to hear what was sent.
fn counting_proxy(port: u16) -> Result<(u16, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let proxy = listener.local_addr()?.port();
    let trips = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&trips);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let counted = Arc::clone(&counted);
            thread::spawn(move || {
                let server = TcpStream::connect(("127.0.0.1", port))?;
                pass(client, server, &counted)
            });
        }
    });
    Ok((proxy, trips))
}

/// What is sent, and then the answer, again and again: the client waits for each.
fn pass(mut client: TcpStream, mut server: TcpStream, trips: &AtomicUsize) -> io::Result<()> {
    let mut buffer = [0; 64 * 1024];
    loop {
        let length = client.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        trips.fetch_add(1, Ordering::SeqCst);
        server.write_all(&buffer[..length])?;
        let length = server.read(&mut buffer)?;
        client.write_all(&buffer[..length])?;
    }
}

/// In microseconds since 1970-01-01 UTC.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap().as_micros()).unwrap()
}

/// What was measured, and what it may come to.
enum Column {
    /// Ours, the reference, and how many times that ours may take.
    Ratio(Duration, Duration, f64),
    Time(Duration, Duration),
    Count(u64, u64),
    /// A mean.
    Part(f64, f64),
}

fn row(measure: &str, column: Column) {
    let columns = match column {
        Column::Ratio(ours, reference, most) => format!(
            "ratio\t{}\t{}\t{most}",
            ours.as_secs_f64(),
            reference.as_secs_f64()
        ),
        Column::Time(ours, most) => {
            format!("time\t{}\t{}", ours.as_secs_f64(), most.as_secs_f64())
        }
        Column::Count(ours, most) => format!("count\t{ours}\t{most}"),
        Column::Part(ours, most) => format!("count\t{ours}\t{most}"),
    };
    println!("{measure}\t{columns}");
}

const KEY: &str = "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=";
const PROCESSES: usize = 64;
const FEW: usize = 16;
const LIFETIME: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_secs(5);
const CALLS: u32 = 1000;
const ROUNDS: usize = 501;
const STARTS: usize = 51;
const OUTAGES: usize = 3;
