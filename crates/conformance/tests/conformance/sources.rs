//! Credentials that change while the program runs, for every vendor and wherever they come from: set by hand, handed out
//! by a closure, or read from the files that variables name.

use std::{
    env, fs,
    path::PathBuf,
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use auth_common::{
    Authenticator, BoxError, Builder, ErrorKind, TokenEndpoint,
    testing::{ManualClock, StandIn},
};
use chrono::{DateTime, Utc};

use crate::vendor::{Client, Vendor, builder_from, every_vendor};

async fn rotated_secret_is_used_with_the_next_login<V: Vendor>() {
    for origin in Origin::ALL {
        let stage = Stage::<V>::begin(origin, "first").await;
        stage.client.token().await.unwrap();
        stage.vendor_has("second");
        stage.caller_has("second");
        stage.pass(V::LIFETIME);
        stage.client.token().await.unwrap();
        assert_eq!(stage.vendor.logins(), 2, "{origin:?}");
    }
}
every_vendor!(rotated_secret_is_used_with_the_next_login);

async fn wrong_secret_goes_out_once_and_the_right_one_within_five_seconds<V: Vendor>() {
    for origin in Origin::ALL {
        let stage = Stage::<V>::begin(origin, "old").await;
        stage.vendor_has("new");
        for _ in 0..30 {
            let error = stage.client.token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CredentialsRefused, "{error}");
            stage.pass(Duration::from_secs(1));
        }
        assert_eq!(stage.vendor.refused(), 1, "{origin:?}");
        stage.caller_has("new");
        stage.pass(Duration::from_secs(5));
        stage.client.token().await.unwrap();
        assert_eq!((stage.vendor.logins(), stage.vendor.refused()), (1, 1));
    }
}
every_vendor!(wrong_secret_goes_out_once_and_the_right_one_within_five_seconds);

async fn rotation_in_mid_flight_costs_one_refusal_and_one_login<V: Vendor>() {
    for origin in Origin::ALL {
        let stage = Stage::<V>::begin(origin, "old").await;
        stage.vendor_has("new");
        stage.vendor.delay(Duration::from_millis(100));
        let client = stage.client.clone();
        let caller = tokio::spawn(async move { client.token().await.map(drop) });
        while !stage.client.snapshot().in_flight || stage.client.snapshot().logins == 0 {
            tokio::task::yield_now().await;
        }
        stage.caller_has("new");
        let outcome = caller.await.unwrap();
        // Whoever sets them by hand is heard at once; a source is asked again when there was time for a change.
        assert_eq!(outcome.is_ok(), origin == Origin::Hand, "{origin:?}");
        stage.pass(Duration::from_secs(5));
        stage.client.token().await.unwrap();
        assert_eq!((stage.vendor.logins(), stage.vendor.refused()), (1, 1));
    }
}
every_vendor!(rotation_in_mid_flight_costs_one_refusal_and_one_login);

async fn source_that_fails_panics_or_hangs_never_costs_a_token<V: Vendor>() {
    for trouble in [Trouble::Fails, Trouble::Panics, Trouble::Hangs] {
        let stage = Stage::<V>::begin(Origin::Closure, "secret").await;
        let first = stage.client.token().await.unwrap();
        *stage.trouble.lock().unwrap() = trouble;
        stage.vendor.revoke_refresh_tokens();
        stage.pass(V::LIFETIME * 19 / 20);
        let served = stage.client.token().await.unwrap();
        assert_eq!(served.authorization(), first.authorization());

        stage.pass(V::LIFETIME);
        let error = stage.client.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable, "{error}");
        assert_eq!(stage.vendor.logins(), 1);
        assert!(error.to_string().contains(V::Endpoint::VENDOR), "{error}");

        *stage.trouble.lock().unwrap() = Trouble::None;
        stage.pass(Duration::from_secs(10));
        stage.client.token().await.unwrap();
    }
}
every_vendor!(source_that_fails_panics_or_hangs_never_costs_a_token);

fn blocking_side_follows_a_rotation<V: Vendor>() {
    for origin in Origin::ALL {
        let vendor = StandIn::playing(knowing::<V>("first"));
        let (builder, keeper) = builder::<V>(&vendor, origin, "first");
        let blocking = builder.build_blocking().unwrap();
        blocking.authorization().unwrap();
        vendor.play(knowing::<V>("second"));
        vendor.revoke_refresh_tokens();
        keeper.holds("second");
        if origin == Origin::Hand {
            blocking.set_credentials(knowing::<V>("second").credentials().unwrap());
        }
        blocking.renew().unwrap();
        assert_eq!(vendor.logins(), 2, "{origin:?}");
    }
}
every_vendor!(blocking blocking_side_follows_a_rotation);

/// Where the credentials come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Hand,
    Closure,
    Files,
}

impl Origin {
    const ALL: [Self; 3] = [Self::Hand, Self::Closure, Self::Files];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    Fails,
    Panics,
    Hangs,
}

/// A vendor, whoever asks it, and what both have.
struct Stage<V: Vendor> {
    vendor: StandIn<V>,
    client: Client<V>,
    clock: ManualClock,
    origin: Origin,
    keeper: Keeper<V>,
    trouble: Arc<Mutex<Trouble>>,
}

impl<V: Vendor> Stage<V> {
    async fn begin(origin: Origin, secret: &str) -> Self {
        let vendor = StandIn::playing(knowing::<V>(secret));
        let (builder, keeper) = builder::<V>(&vendor, origin, secret);
        let clock = ManualClock::new(DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap());
        let limit = Duration::from_millis(500);
        let client = builder
            .clock(clock.clone())
            // For a source that hangs.
            .deadline(limit)
            .build()
            .unwrap();
        Self {
            vendor,
            client,
            clock,
            origin,
            trouble: Arc::clone(&keeper.trouble),
            keeper,
        }
    }

    /// A change of password, which voids the refresh tokens.
    fn vendor_has(&self, secret: &str) {
        self.vendor.play(knowing::<V>(secret));
        self.vendor.revoke_refresh_tokens();
    }

    fn caller_has(&self, secret: &str) {
        self.keeper.holds(secret);
        if self.origin == Origin::Hand {
            let credentials = knowing::<V>(secret).credentials().unwrap();
            self.client.set_credentials(credentials);
        }
    }

    fn pass(&self, span: Duration) {
        self.clock.advance(span);
    }
}

/// Keeps the secret in memory and in files, for whoever reads it there.
struct Keeper<V> {
    secret: Arc<Mutex<String>>,
    trouble: Arc<Mutex<Trouble>>,
    folder: PathBuf,
    vendor: std::marker::PhantomData<V>,
}

impl<V: Vendor> Keeper<V> {
    fn new(secret: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("conformance-{}-{number}", process::id()));
        fs::create_dir(&folder).unwrap();
        let keeper = Self {
            secret: Arc::default(),
            trouble: Arc::new(Mutex::new(Trouble::None)),
            folder,
            vendor: std::marker::PhantomData,
        };
        keeper.holds(secret);
        keeper
    }

    fn holds(&self, secret: &str) {
        secret.clone_into(&mut self.secret.lock().unwrap());
        for (name, value) in knowing::<V>(secret).variables("unused") {
            fs::write(self.folder.join(name), value + "\n").unwrap();
        }
    }

    /// A variable that names a file, for each that must be set and is no address.
    fn variables(&self, system: &str) -> Vec<(String, String)> {
        let file = |name: &str| self.folder.join(name).display().to_string();
        let variables = knowing::<V>("unused").variables(system);
        let mut pairs: Vec<_> = variables
            .into_iter()
            .map(|(name, value)| match value == system {
                true => (name.to_owned(), value),
                false => (format!("{name}_FILE"), file(name)),
            })
            .collect();
        pairs.sort();
        pairs
    }
}

impl<V> Drop for Keeper<V> {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn builder<V: Vendor>(
    vendor: &StandIn<V>,
    origin: Origin,
    secret: &str,
) -> (Builder<V::Endpoint>, Keeper<V>) {
    let keeper = Keeper::new(secret);
    let base = vendor.base_url().unwrap();
    let role = knowing::<V>(secret);
    let builder = match origin {
        Origin::Hand => {
            let credentials = role.credentials().unwrap();
            Authenticator::builder(role.environment(base), credentials)
        }
        Origin::Closure => {
            let (secret, trouble) = (Arc::clone(&keeper.secret), Arc::clone(&keeper.trouble));
            Authenticator::builder_with_source(role.environment(base), move || {
                let secret = secret.lock().unwrap().clone();
                let trouble = *trouble.lock().unwrap();
                async move {
                    match trouble {
                        Trouble::None => {}
                        Trouble::Fails => return Err("the safe is closed".into()),
                        Trouble::Panics => panic!("as the test wants it"),
                        Trouble::Hangs => std::future::pending().await,
                    }
                    Ok::<_, BoxError>(knowing::<V>(&secret).credentials()?)
                }
            })
        }
        Origin::Files => {
            let variables = keeper.variables(base.as_str());
            let variables: Vec<_> = variables
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone()))
                .collect();
            builder_from::<V>(&variables).unwrap()
        }
    };
    (builder, keeper)
}

fn knowing<V: Vendor>(secret: &str) -> V {
    V::knowing("identity", secret, "4321")
}
