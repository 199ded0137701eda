//! What a crate takes over from its vendor's document without a request showing it: names, addresses, variables, and
//! whom the stand-in lets in.

use std::{collections::BTreeSet, env, fs, path::Path, process};

use auth_common::{
    Authenticator, Builder, ErrorKind, TokenEndpoint, Vars,
    testing::{RequestKind, StandIn},
};

use crate::{
    server::{Server, json},
    vendor::{
        Client, Login, Vendor, builder_for, builder_from, client, every_refreshing_vendor,
        every_vendor, refreshes, success, vendor,
    },
};

async fn environment_variables_lead_to_the_documented_hosts<V: Vendor>() {
    let vendor = vendor::<V>();
    for (word, host) in V::HOSTS {
        let client = builder_from::<V>(&vendor.variables(word)).unwrap();
        assert_eq!(client.build().unwrap().base_url().as_str(), *host, "{word}");
    }
    let elsewhere = "https://elsewhere.example/";
    let client = builder_from::<V>(&vendor.variables(elsewhere)).unwrap();
    assert_eq!(client.build().unwrap().base_url().as_str(), elsewhere);
}
every_vendor!(environment_variables_lead_to_the_documented_hosts);

async fn environment_variables_carry_the_credentials<V: Vendor>() {
    let vendor = StandIn::playing(V::knowing("identity", "secret", "organization"));
    let base = vendor.base_url().unwrap();
    let variables = V::knowing("identity", "secret", "organization").variables(base.as_str());
    let client = builder_from::<V>(&variables).unwrap().build().unwrap();
    client.token().await.unwrap();
    assert_eq!((vendor.logins(), vendor.refused()), (1, 0));
}
every_vendor!(environment_variables_carry_the_credentials);

async fn missing_variable_is_named_unless_it_may_be_left_out<V: Vendor>() {
    let variables = vendor::<V>().variables("https://vendor.example");
    let mut required = BTreeSet::new();
    for (name, _) in &variables {
        let mut rest = variables.clone();
        rest.retain(|(known, _)| known != name);
        let built = builder_from::<V>(&rest);
        if V::OPTIONAL_VARIABLES.contains(name) {
            let client = built.unwrap().build().unwrap();
            assert_eq!(client.base_url().as_str(), V::HOSTS[0].1);
            continue;
        }
        required.insert(*name);
        let error = built.err().unwrap();
        assert_eq!(error.field(), *name);
        assert!(error.rule().contains("not set"), "{error}");
    }
    assert_eq!(
        BTreeSet::from_iter(V::Endpoint::REQUIRED_VARS.iter().copied()),
        required
    );
}
every_vendor!(missing_variable_is_named_unless_it_may_be_left_out);

/// In capitals, with white space around it, or with the line break of a mounted file: as people write them.
async fn environment_variable_is_understood_as_people_write_it<V: Vendor>() {
    let vendor = vendor::<V>();
    let elsewhere = ("https://elsewhere.example", "https://elsewhere.example/");
    for (word, host) in V::HOSTS.iter().chain([&elsewhere]) {
        let mut capital = word.to_ascii_uppercase();
        capital.replace_range(1.., &word[1..]);
        for written in [
            word.to_ascii_uppercase(),
            capital,
            format!(" {word} "),
            format!("{word}\n"),
            format!("{word}\r\n"),
        ] {
            let client = builder_from::<V>(&vendor.variables(&written)).unwrap();
            let client = client.build().unwrap();
            assert_eq!(client.base_url().as_str(), *host, "{written:?}");
        }
    }
}
every_vendor!(environment_variable_is_understood_as_people_write_it);

async fn empty_variable_is_as_if_it_were_not_set<V: Vendor>() {
    let variables = vendor::<V>().variables("https://vendor.example");
    for at in 0..variables.len() {
        let mut emptied = variables.clone();
        emptied[at].1.clear();
        let built = builder_from::<V>(&emptied);
        if V::OPTIONAL_VARIABLES.contains(&variables[at].0) {
            let client = built.unwrap().build().unwrap();
            assert_eq!(client.base_url().as_str(), V::HOSTS[0].1);
            continue;
        }
        let error = built.err().unwrap();
        assert_eq!(error.field(), variables[at].0);
        assert!(error.rule().contains("is empty"), "{error}");
    }
}
every_vendor!(empty_variable_is_as_if_it_were_not_set);

async fn word_that_names_no_system_is_answered_with_those_that_do<V: Vendor>() {
    for word in ["prod", "staging", "vendor.example"] {
        let error = builder_from::<V>(&vendor::<V>().variables(word)).err();
        let error = error.unwrap().to_string();
        for (known, _) in V::HOSTS {
            assert!(error.contains(known), "{error}");
        }
        assert!(error.contains("https://"), "{error}");
    }
}
every_vendor!(word_that_names_no_system_is_answered_with_those_that_do);

async fn every_variable_may_be_a_file<V: Vendor>() {
    let folder = env::temp_dir().join(format!("conformance-{}-{}", process::id(), V::MODULE));
    fs::create_dir(&folder).unwrap();
    let vendor = StandIn::playing(V::knowing("identity", " secret ", "organization"));
    let base = vendor.base_url().unwrap();
    let variables = V::knowing("identity", " secret ", "organization").variables(base.as_str());
    let mounted: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| {
            let path = folder.join(name);
            fs::write(&path, format!("{value}\n")).unwrap();
            (format!("{name}_FILE"), path.to_str().unwrap().to_owned())
        })
        .collect();
    let vars = Vars::from_pairs(mounted);
    let client = Authenticator::<V::Endpoint>::builder_from(&vars)
        .and_then(Builder::build)
        .unwrap();
    let token = client.token().await;
    fs::remove_dir_all(folder).unwrap();
    token.unwrap();
    assert_eq!((vendor.logins(), vendor.refused()), (1, 0));
}
every_vendor!(every_variable_may_be_a_file);

/// A password may hold anything, so it is sent as it is; but when it is refused, whoever reads the error is to learn what
/// no editor shows.
async fn refusal_says_which_value_has_something_odd_at_its_ends<V: Vendor>() {
    let vendor = StandIn::playing(V::knowing("identity", "secret", "organization"));
    let base = vendor.base_url().unwrap();
    let refused = async |identity, secret| {
        let variables = V::knowing(identity, secret, "organization").variables(base.as_str());
        let client = builder_from::<V>(&variables).unwrap().build().unwrap();
        let flown = client.token().await.unwrap_err();
        let past_the_cache = client.request_token().await.err().unwrap();
        let name = |of| variables.iter().find(|(_, value)| value == of).unwrap().0;
        (flown, past_the_cache, name(identity), name(secret))
    };

    let (flown, past_the_cache, identity, secret) = refused("\u{feff}identity", "secret ").await;
    for error in [flown, past_the_cache] {
        assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
        let text = error.to_string();
        let hint = format!(
            "check them ({identity} begins with a byte order mark, U+FEFF; {secret} ends with a space) and"
        );
        assert!(text.contains(&hint), "{text}");
    }
    let (_, error, _, secret) = refused("identity", "\"secret\"").await;
    let hint = format!("check them ({secret} begins and ends with a quotation mark) and");
    assert!(error.to_string().contains(&hint), "{error}");
    let (_, error, ..) = refused("identity", "another").await;
    assert!(error.to_string().contains("check them and"), "{error}");

    // What is no refusal of credentials says nothing of them.
    vendor.rate_limit(None);
    let (_, error, ..) = refused("identity", "secret ").await;
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(!error.to_string().contains("space"), "{error}");
}
every_vendor!(refusal_says_which_value_has_something_odd_at_its_ends);

/// All three texts count, as far as the login carries them.
async fn stand_in_lets_in_nobody_else<V: Vendor>() {
    let known = [
        "identity-of-the-caller",
        "secret-of-the-caller",
        "organization-of-the-caller",
    ];
    let login = Login::of_the_caller::<V>().await;
    assert_eq!(login.kind, RequestKind::Login);
    let stand_in = StandIn::playing(vendor::<V>());
    for (at, text) in known.iter().enumerate() {
        let mut other = known;
        other[at] = "another";
        let stranger = V::knowing(other[0], other[1], other[2]);
        let builder = builder_for(&stranger, stand_in.base_url().unwrap()).unwrap();
        let answer = builder.build().unwrap().request_token().await;
        if login.texts.iter().any(|it| it == text) {
            let error = answer.expect_err(text);
            assert_eq!(error.kind(), ErrorKind::CredentialsRefused, "{error}");
        } else {
            assert_eq!(at, 2, "no login carries {text}");
        }
    }
    assert_eq!(stand_in.problems(), [""; 0]);
}
every_vendor!(stand_in_lets_in_nobody_else);

/// A crate that could do less than its vendor would log in where it need not.
async fn crate_refreshes_where_the_vendor_hands_out_refresh_tokens<V: Vendor>() {
    assert_eq!(V::Endpoint::REFRESH.is_some(), refreshes::<V>());
}
every_vendor!(crate_refreshes_where_the_vendor_hands_out_refresh_tokens);

/// With the refresh token of the login, and with one that takes its place each time.
async fn refresh_is_the_documented_one<V: Vendor>() {
    let stand_in = StandIn::<V>::start();
    let client: Client<V> = stand_in.authenticator().unwrap().into();
    client.token().await.unwrap();
    client.renew().await.unwrap();
    client.renew().await.unwrap();
    stand_in.rotate_refresh_tokens();
    client.renew().await.unwrap();
    client.renew().await.unwrap();
    assert_eq!((stand_in.logins(), stand_in.refreshes()), (1, 4));
    assert_eq!((stand_in.refused(), stand_in.problems()), (0, vec![]));
}
every_refreshing_vendor!(refresh_is_the_documented_one);

async fn user_agent_names_the_crate_and_its_version<V: Vendor>() {
    let server = Server::answering(json("200 OK", success::<V>("token").to_string())).await;
    client::<V>(server.base_url()).token().await.unwrap();
    let package = V::package();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = fs::read_to_string(crates.join(&package).join("Cargo.toml")).unwrap();
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .unwrap();
    let requests = server.requests();
    let user_agent = requests[0].header("user-agent");
    assert_eq!(user_agent, Some(&*format!("{package}/{version}")));
}
every_vendor!(user_agent_names_the_crate_and_its_version);
