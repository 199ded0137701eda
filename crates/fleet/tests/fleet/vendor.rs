//! A vendor that writes down who asked what, and when.

use std::{
    collections::{HashMap, HashSet},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
    thread::{self, sleep},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use auth_common::testing::jwt;
use serde_json::{Value, json};

#[derive(Clone)]
pub(crate) struct Vendor {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    lifetime: Duration,
    delay: Duration,
    requests: Vec<Request>,
    tokens: HashMap<String, Issued>,
    revoked: HashSet<String>,
    refresh: HashMap<String, usize>,
    api: u64,
    api_refused: u64,
}

/// One request for a token.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    /// Who sent it.
    pub(crate) worker: String,
    /// In microseconds since 1970-01-01 UTC.
    pub(crate) came: u64,
    pub(crate) answered: Option<u64>,
    /// Which of [`PASSWORDS`] it goes back to, if it is right.
    pub(crate) lane: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Login,
    Refresh(String),
    WrongPassword,
    WrongRefresh(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) serial: usize,
    /// Which of [`PASSWORDS`] it goes back to.
    pub(crate) lane: usize,
    /// In microseconds since 1970-01-01 UTC.
    pub(crate) ends: u64,
}

impl Vendor {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let vendor = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::new(Mutex::new(State {
                lifetime: Duration::from_secs(3600),
                delay: Duration::ZERO,
                requests: vec![],
                tokens: HashMap::new(),
                revoked: HashSet::new(),
                refresh: HashMap::new(),
                api: 0,
                api_refused: 0,
            })),
        };
        let serving = vendor.clone();
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let vendor = serving.clone();
                thread::spawn(move || vendor.serve(socket));
            }
        });
        vendor
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn delay(&self, by: Duration) {
        self.state().delay = by;
    }

    pub(crate) fn lifetime(&self, lifetime: Duration) {
        self.state().lifetime = lifetime;
    }

    /// No token that was issued is accepted any more.
    pub(crate) fn revoke_all(&self) {
        let mut state = self.state();
        let all: Vec<_> = state.tokens.keys().cloned().collect();
        state.revoked.extend(all);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    pub(crate) fn asked(&self) -> usize {
        self.state().requests.len()
    }

    pub(crate) fn issued(&self, token: &str) -> Issued {
        self.state().tokens[token].clone()
    }

    /// Calls of the API, and how many of them were refused.
    pub(crate) fn api(&self) -> (u64, u64) {
        let state = self.state();
        (state.api, state.api_refused)
    }

    /// Waits for the `number`th request for a token, which may not have been answered yet.
    pub(crate) fn wait_for(&self, number: usize) -> Request {
        let begun = Instant::now();
        loop {
            if let Some(request) = self.requests().get(number - 1) {
                return request.clone();
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "nobody asked");
            sleep(Duration::from_millis(2));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn serve(&self, socket: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let header = |name: &str| {
            head.lines().find_map(|line| {
                let (found, value) = line.split_once(": ")?;
                found.eq_ignore_ascii_case(name).then_some(value)
            })
        };
        let length = header("content-length").map_or(0, |it| it.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let path = head.split(' ').nth(1)?;
        let (status, answer) = if path.starts_with("/api/v1/auth/") {
            let agent = header("user-agent").unwrap_or_default();
            let worker = agent.split(' ').next()?.to_owned();
            self.answer(path, &serde_json::from_slice(&body).ok()?, worker)
        } else {
            let token = header("authorization").and_then(|it| it.strip_prefix("Bearer "));
            (self.use_of(token.unwrap_or_default()), json!({}))
        };
        let answer = answer.to_string();
        let answer = format!(
            "HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len(),
        );
        reader.get_mut().write_all(answer.as_bytes()).ok()
    }

    fn answer(&self, path: &str, body: &Value, worker: String) -> (u16, Value) {
        let mut state = self.state();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let of_login = PASSWORDS.iter().position(|it| *it == text("password"));
        let presented = text("refresh");
        let (kind, lane) = if path.ends_with("/token-refresh/") {
            match state.refresh.remove(&presented) {
                Some(lane) => (Kind::Refresh(presented), lane),
                None => (Kind::WrongRefresh(presented), 0),
            }
        } else {
            of_login.map_or((Kind::WrongPassword, 0), |lane| (Kind::Login, lane))
        };
        let at = state.requests.len();
        state.requests.push(Request {
            kind: kind.clone(),
            worker,
            came: now(),
            answered: None,
            lane,
        });
        let delay = state.delay;
        drop(state);
        sleep(delay);
        let mut state = self.state();
        let answered = now();
        state.requests[at].answered = Some(answered);
        match kind {
            Kind::WrongPassword => (401, json!({ "detail": "No active account found" })),
            Kind::WrongRefresh(_) => (
                401,
                json!({ "detail": "Token is invalid or expired", "code": "token_not_valid" }),
            ),
            Kind::Login | Kind::Refresh(_) => {
                let serial = at + 1;
                let issued = answered as f64 / 1e6;
                // Fractions, so that nothing is taken off for their rounding. `exp` is rounded down by whoever reads it.
                let ends = (issued + state.lifetime.as_secs_f64()).ceil();
                let issued = ends - state.lifetime.as_secs_f64();
                let access = jwt(&json!({
                    "serial": serial, "what": "access", "iat": issued, "exp": ends,
                })
                .to_string());
                let refresh = jwt(&json!({ "serial": serial, "what": "refresh" }).to_string());
                let ends = answered + u64::try_from(state.lifetime.as_micros()).unwrap();
                state
                    .tokens
                    .insert(access.clone(), Issued { serial, lane, ends });
                state.refresh.insert(refresh.clone(), lane);
                (200, json!({ "access": access, "refresh": refresh }))
            }
        }
    }

    fn use_of(&self, token: &str) -> u16 {
        let mut state = self.state();
        let good = state.tokens.get(token).is_some_and(|it| now() < it.ends)
            && !state.revoked.contains(token);
        state.api += 1;
        if good {
            200
        } else {
            state.api_refused += 1;
            401
        }
    }
}

/// In microseconds since 1970-01-01 UTC.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

/// Two of the user's, as in the middle of a change.
pub(crate) const PASSWORDS: [&str; 2] = ["Senhaforte123", "pão & \"queijo\" + 1%"];
