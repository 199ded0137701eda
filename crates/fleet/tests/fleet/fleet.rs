//! Nothing is wrong, but for a password.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    figure, many,
    process::{Plan, ask_all, slowest, tokens},
    rounds, rounds_alone,
    server::{Server, is_installed},
    vendor::{Kind, PASSWORDS, Vendor},
};

#[test]
fn cold_fleet_logs_in_once_and_a_restarted_one_not_at_all() {
    if !is_installed() {
        return;
    }
    rounds_alone(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        vendor.delay(Duration::from_secs(1));
        let plan = Plan::new(&vendor, url(&server));
        let fleet = plan.fleet(PROCESSES);
        let calls = ask_all(&fleet);
        let own: Vec<_> = calls
            .iter()
            .filter(|it| it.number("adopted") == 0)
            .collect();
        assert_eq!(own.len(), 1, "{own:?}");
        assert_eq!((tokens(&calls).len(), vendor.asked()), (1, 1));
        let answered = vendor.requests()[0].answered.unwrap();
        let last = calls.iter().map(|call| call.number("got")).max().unwrap();
        let after = Duration::from_micros(last - answered);
        figure(
            "cold start of 64, after the vendor's answer",
            format!("{after:?}"),
        );
        let adopted: u64 = calls.iter().map(|call| call.number("adopted")).sum();
        assert_eq!(adopted, PROCESSES as u64 - 1);
        drop(fleet);

        let before = evals(&server);
        let fleet = plan.fleet(PROCESSES);
        let again = ask_all(&fleet);
        assert_eq!(tokens(&again), tokens(&calls));
        assert_eq!(vendor.asked(), 1);
        // One look each, and nothing written.
        assert_eq!(evals(&server) - before, PROCESSES as u64);
        figure(
            "warm start of 64, slowest",
            format!("{:?}", slowest(&again)),
        );
    });
}

#[test]
fn fleet_renews_once() {
    if !is_installed() {
        return;
    }
    rounds_alone(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        vendor.lifetime(Duration::from_secs(6));
        let mut plan = Plan::new(&vendor, url(&server));
        plan.settings = vec!["api"];
        let fleet = plan.fleet(many());
        ask_all(&fleet);
        vendor.lifetime(Duration::from_secs(3600));
        let before = evals(&server);
        for worker in &fleet {
            worker.tell("loop 300");
        }
        sleep(Duration::from_secs(7));
        let operations = (evals(&server) - before) as f64 / many() as f64;
        let requests = vendor.requests();
        assert_eq!(requests.len(), 2, "{requests:?}");
        assert!(matches!(requests[1].kind, Kind::Refresh(_)), "{requests:?}");
        let (calls, refused) = vendor.api();
        assert!(calls > many() as u64 * 5, "{calls}");
        assert_eq!(refused, 0, "of {calls}");
        figure(
            "operations on the store per process and renewal",
            operations,
        );
        for worker in &fleet {
            let history = worker.history();
            assert!(history.iter().all(|call| call.0["error"].is_null()));
            assert_eq!(vendor.issued(history.last().unwrap().token()).serial, 2);
        }
    });
}

#[test]
fn wrong_password_is_sent_once_by_a_fleet_and_all_who_come_after() {
    if !is_installed() {
        return;
    }
    rounds_alone(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        let mut plan = Plan::new(&vendor, url(&server));
        plan.password = "s3cret-but-old";
        let fleet = plan.fleet(many());
        let mut calls = ask_all(&fleet);
        calls.extend(ask_all(&fleet));
        drop(fleet);
        calls.push(plan.run());
        assert_eq!(vendor.asked(), 1, "{:?}", vendor.requests());
        let said = calls[0]
            .text("text")
            .split(" (retry")
            .next()
            .unwrap()
            .to_owned();
        assert!(said.contains("No active account found"), "{said}");
        for call in &calls {
            assert_eq!(call.text("error"), "credentials_refused", "{call:?}");
            let pause = Duration::from_micros(call.number("retry_at") - call.number("got"));
            assert!(pause > Duration::from_secs(30), "{pause:?}");
            // A minute, and a fifth more by chance.
            assert!(pause <= Duration::from_secs(72), "{pause:?}");
        }

        // With a pause that is as short as is allowed, to see its end.
        plan.password = "s3cret-but-older";
        plan.settings = vec!["refused-pause=2"];
        let fleet = plan.fleet(8);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(4) {
            ask_all(&fleet);
            sleep(Duration::from_millis(50));
        }
        assert_eq!(vendor.asked(), 3, "{:?}", vendor.requests());
    });
}

#[test]
fn login_that_outlasts_a_lease_is_waited_for() {
    if !is_installed() {
        return;
    }
    rounds(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        vendor.delay(Duration::from_secs(7));
        let calls = ask_all(&Plan::new(&vendor, url(&server)).fleet(8));
        assert_eq!((tokens(&calls).len(), vendor.asked()), (1, 1));
    });
}

#[test]
fn each_password_has_a_login_and_a_record_of_its_own() {
    if !is_installed() {
        return;
    }
    rounds(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        vendor.delay(Duration::from_millis(300));
        let mut plan = Plan::new(&vendor, url(&server));
        let mut fleet = plan.fleet(8);
        plan.password = PASSWORDS[1];
        fleet.extend(plan.fleet(8));
        let calls = ask_all(&fleet);
        assert_eq!(vendor.asked(), 2, "{:?}", vendor.requests());
        assert_eq!(tokens(&calls[..8]).len(), 1);
        assert_eq!(tokens(&calls[8..]).len(), 1);
        assert_ne!(calls[0].token(), calls[8].token());
        assert_eq!(server.tell("DBSIZE"), ":2");
    });
}

#[test]
fn refused_token_is_replaced_once_for_all() {
    if !is_installed() {
        return;
    }
    rounds(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        let mut plan = Plan::new(&vendor, url(&server));
        plan.settings = vec!["api"];
        let fleet = plan.fleet(16);
        ask_all(&fleet);
        vendor.revoke_all();
        // All are refused at once, and then ask again.
        let refused = ask_all(&fleet);
        assert!(refused.iter().all(|call| call.number("api") == 401));
        let calls = ask_all(&fleet);
        assert!(calls.iter().all(|call| call.number("api") == 200));
        assert_eq!(tokens(&calls).len(), 1);
        assert_eq!(vendor.asked(), 2, "{:?}", vendor.requests());
    });
}

pub(crate) fn url(server: &Server) -> String {
    format!("redis://127.0.0.1:{}", server.port)
}

/// How many operations the store has carried out.
pub(crate) fn evals(server: &Server) -> u64 {
    let statistics = server.tell("INFO commandstats");
    let calls = statistics.split("cmdstat_eval:calls=").nth(1);
    calls.map_or(0, |it| it.split(',').next().unwrap().parse().unwrap())
}

pub(crate) const PROCESSES: usize = 64;
