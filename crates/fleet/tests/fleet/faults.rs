//! Something goes wrong: with a process, or with the store.

use std::{thread::sleep, time::Duration};

use crate::{
    figure,
    fleet::url,
    process::{Call, Plan, Worker, ask_all, slowest, tokens},
    proxy::Proxy,
    rounds, rounds_alone,
    server::{Server, free_port, is_installed},
    vendor::{Kind, Vendor},
};

#[test]
fn leader_that_is_killed_costs_one_request_more() {
    if !is_installed() {
        return;
    }
    rounds(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        vendor.delay(Duration::from_secs(1));
        let mut fleet = Plan::new(&vendor, url(&server)).fleet(FEW);
        for worker in &fleet {
            worker.tell("ask");
        }
        let leader = leader(&vendor, 1, &fleet);
        fleet[leader].kill();
        fleet.remove(leader);
        let calls: Vec<_> = fleet.iter().map(Worker::next).collect();
        assert_eq!(tokens(&calls).len(), 1);
        assert_eq!(vendor.asked(), 2, "{:?}", vendor.requests());
        figure("leader killed, slowest", format!("{:?}", slowest(&calls)));
    });
}

#[test]
fn leader_that_stood_still_does_not_replace_what_came_since() {
    if !is_installed() {
        return;
    }
    rounds(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        vendor.delay(Duration::from_secs(1));
        let plan = Plan::new(&vendor, url(&server));
        let mut fleet = plan.fleet(FEW);
        for worker in &fleet {
            worker.tell("ask");
        }
        let leader = leader(&vendor, 1, &fleet);
        fleet[leader].signal("-STOP");
        let stood = fleet.remove(leader);
        let calls: Vec<_> = fleet.iter().map(Worker::next).collect();
        assert_eq!(tokens(&calls).len(), 1);
        stood.signal("-CONT");
        let late = stood.next();
        assert_eq!(vendor.asked(), 2, "{:?}", vendor.requests());
        // The one that it brought was there before the other.
        assert_eq!(late.token(), calls[0].token());
        assert_eq!(plan.run().token(), calls[0].token());
    });
}

#[test]
fn store_that_is_not_there_costs_a_login_each_and_no_call() {
    if !is_installed() {
        return;
    }
    rounds_alone(|| {
        let vendor = Vendor::start();
        let plan = Plan::new(&vendor, format!("redis://127.0.0.1:{}", free_port()));
        let fleet = plan.fleet(FEW);
        let calls = ask_all(&fleet);
        assert_eq!(tokens(&calls).len(), FEW);
        assert_eq!(vendor.asked(), FEW);
        figure(
            "no store, slowest first call",
            format!("{:?}", slowest(&calls)),
        );
        assert!(calls.iter().all(|call| call.text("store") == "left alone"));
    });
}

#[test]
fn store_that_stands_still_costs_once_and_is_used_again_when_it_goes_on() {
    if !is_installed() {
        return;
    }
    rounds_alone(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        let plan = Plan::new(&vendor, url(&server));
        let fleet = plan.fleet(FEW);
        server.pause();
        let calls = ask_all(&fleet);
        assert_eq!(vendor.asked(), FEW);
        let first = slowest(&calls);
        figure("store stopped, slowest first call", format!("{first:?}"));
        assert!(first < Duration::from_millis(1500) + SLACK, "{first:?}");
        let later: Vec<_> = fleet.iter().map(Worker::renew).collect();
        let second = later.iter().map(Call::took).min().unwrap();
        figure(
            "store stopped, quickest renewal after",
            format!("{second:?}"),
        );
        assert!(later.iter().all(|call| call.text("store") == "left alone"));
        server.resume();
        // What had been sent meanwhile is carried out now, and changes nothing for the worse.
        let asked = vendor.asked();
        let fresh = plan.fleet(2);
        let calls = ask_all(&fresh);
        assert_eq!(tokens(&calls).len(), 1);
        assert!(vendor.asked() <= asked + 1, "{:?}", vendor.requests());
        assert!(calls.iter().all(|call| call.text("store") == "well"));
    });
}

#[test]
fn store_that_stops_amid_a_login_costs_no_call() {
    if !is_installed() {
        return;
    }
    rounds_alone(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        let plan = Plan::new(&vendor, url(&server));
        let (_fleet, calls) = amid_a_login(&plan, || server.pause());
        assert!(tokens(&calls).len() <= FEW);
        assert!(vendor.asked() <= FEW, "{:?}", vendor.requests());
        let slowest = slowest(&calls);
        assert!(slowest < Duration::from_millis(3500) + SLACK, "{slowest:?}");
        server.resume();
    });
}

#[test]
fn store_that_was_flushed_is_filled_again() {
    is_filled_again_after(|server| {
        server.tell("FLUSHALL");
    });
}

#[test]
fn store_that_evicted_the_record_is_filled_again() {
    is_filled_again_after(|server| {
        evict(server);
        let statistics = server.tell("INFO stats");
        assert!(!statistics.contains("evicted_keys:0"), "{statistics}");
    });
}

/// The server is short of memory for a moment, and gives up what it has, as a cache may. In one piece: whoever wrote within
/// that moment would be refused.
pub(crate) fn evict(server: &Server) {
    let commands = [
        "CONFIG SET maxmemory-policy allkeys-lru",
        "CONFIG SET maxmemory 1",
        // What is to be written now takes the room of others.
        "SET another 1",
        "CONFIG SET maxmemory 0",
        "CONFIG SET maxmemory-policy noeviction",
    ];
    server.tell(&commands.join("\r\n"));
}

/// The store loses what it has amid a login.
fn is_filled_again_after(loss: impl Fn(&Server)) {
    if !is_installed() {
        return;
    }
    rounds(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        let plan = Plan::new(&vendor, url(&server));
        let (_fleet, calls) = amid_a_login(&plan, || loss(&server));
        assert!(tokens(&calls).len() <= 2);
        assert!(vendor.asked() <= 2, "{:?}", vendor.requests());
        let asked = vendor.asked();
        plan.run().token();
        assert_eq!(vendor.asked(), asked);
    });
}

#[test]
fn store_that_began_anew_presents_no_refresh_token_twice() {
    if !is_installed() {
        return;
    }
    rounds(|| {
        let (mut server, vendor) = (Server::start(), Vendor::start());
        let plan = Plan::new(&vendor, url(&server));
        let first = plan.run();
        server.restart();
        let calls = ask_all(&plan.fleet(FEW));
        assert_eq!(tokens(&calls).len(), 1);
        assert_ne!(calls[0].token(), first.token());
        let kinds: Vec<_> = vendor.requests().into_iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [Kind::Login, Kind::Login]);
    });
}

#[test]
fn replica_that_lagged_behind_presents_no_refresh_token_twice() {
    if !is_installed() {
        return;
    }
    rounds(|| {
        let (server, replica, vendor) = (Server::start(), Server::start(), Vendor::start());
        replica.tell(&format!("REPLICAOF 127.0.0.1 {}", server.port));
        replica.wait_for("INFO replication", "master_link_status:up");
        let proxy = Proxy::start(server.port, Duration::ZERO);
        let plan = Plan::new(&vendor, format!("redis://127.0.0.1:{}", proxy.port));
        let fleet = plan.fleet(2);
        fleet[0].ask();
        replica.wait_for("DBSIZE", ":1");
        // It takes over as it is now, and does not hear of what follows.
        replica.tell("REPLICAOF NO ONE");
        sleep(Duration::from_millis(1100));
        fleet[0].renew();
        proxy.lead_to(replica.port);
        sleep(Duration::from_millis(1100));
        fleet[1].renew();
        let kinds: Vec<_> = vendor.requests().into_iter().map(|it| it.kind).collect();
        assert!(
            matches!(&kinds[..], [Kind::Login, Kind::Refresh(_), Kind::Login]),
            "{kinds:?}"
        );
    });
}

#[test]
fn store_that_refuses_costs_a_login_each_and_no_call() {
    if !is_installed() {
        return;
    }
    rounds(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        server.tell("ACL SETUSER tokens on >right ~tokens-br:* +eval +get +set +time");
        let at = |user: &str| format!("redis://{user}@127.0.0.1:{}", server.port);
        let refused = Plan::new(&vendor, at("tokens:wrong"));
        assert_eq!(tokens(&[refused.run(), refused.run()]).len(), 2);

        // Without INFO there is one token for all, and no refresh token.
        let plan = Plan::new(&vendor, at("tokens:right"));
        let calls = ask_all(&plan.fleet(4));
        assert_eq!((tokens(&calls).len(), vendor.asked()), (1, 3));

        // It can be read, and not written to.
        server.tell("CONFIG SET maxmemory 1");
        assert_eq!(plan.run().token(), calls[0].token());
        server.tell("FLUSHALL");
        assert_eq!(tokens(&ask_all(&plan.fleet(4))).len(), 4);
        assert_eq!(vendor.asked(), 7);
    });
}

#[test]
fn store_far_away_is_as_good() {
    if !is_installed() {
        return;
    }
    rounds_alone(|| {
        let (server, vendor) = (Server::start(), Vendor::start());
        vendor.delay(Duration::from_millis(500));
        let proxy = Proxy::start(server.port, Duration::from_millis(250));
        let plan = Plan::new(&vendor, format!("redis://127.0.0.1:{}", proxy.port));
        let calls = ask_all(&plan.fleet(8));
        assert_eq!((tokens(&calls).len(), vendor.asked()), (1, 1), "{calls:?}");
        figure(
            "250 ms of latency, slowest",
            format!("{:?}", slowest(&calls)),
        );
    });
}

/// All ask at once, and the fault comes while the vendor is being asked.
fn amid_a_login(plan: &Plan, fault: impl FnOnce()) -> (Vec<Worker>, Vec<Call>) {
    plan.vendor.delay(Duration::from_secs(1));
    let fleet = plan.fleet(FEW);
    for worker in &fleet {
        worker.tell("ask");
    }
    plan.vendor.wait_for(1);
    fault();
    let calls = fleet.iter().map(Worker::next).collect();
    (fleet, calls)
}

/// Whose request the vendor has as its `number`th.
fn leader(vendor: &Vendor, number: usize, fleet: &[Worker]) -> usize {
    let name = vendor.wait_for(number).worker;
    fleet.iter().position(|worker| worker.name == name).unwrap()
}

const FEW: usize = 16;
/// For a machine that has much else to do.
const SLACK: Duration = Duration::from_millis(1500);
