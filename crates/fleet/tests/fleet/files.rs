//! A fleet with a folder, and a program that is started again and again.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::{MetadataExt, symlink},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    figure, many,
    process::{Plan, Worker, ask_all, slowest, tokens},
    rounds, rounds_alone,
    vendor::Vendor,
};

#[test]
fn fleet_with_a_folder_logs_in_once_and_a_restarted_one_not_at_all() {
    rounds_alone(|| {
        let (folder, vendor) = (Folder::new(), Vendor::start());
        vendor.delay(Duration::from_secs(1));
        let plan = Plan::new(&vendor, folder.name());
        let fleet = plan.fleet(many());
        let calls = ask_all(&fleet);
        assert_eq!((tokens(&calls).len(), vendor.asked()), (1, 1));
        drop(fleet);
        let again = ask_all(&plan.fleet(many()));
        assert_eq!(tokens(&again), tokens(&calls));
        assert_eq!(vendor.asked(), 1);
        figure(
            "folder, cold start, slowest",
            format!("{:?}", slowest(&calls)),
        );
    });
}

#[test]
fn leader_with_a_folder_that_is_killed_costs_one_request_more() {
    rounds(|| {
        let (folder, vendor) = (Folder::new(), Vendor::start());
        vendor.delay(Duration::from_secs(1));
        let mut fleet = Plan::new(&vendor, folder.name()).fleet(16);
        for worker in &fleet {
            worker.tell("ask");
        }
        let leader = vendor.wait_for(1).worker;
        let leader = fleet.iter().position(|it| it.name == leader).unwrap();
        fleet[leader].kill();
        fleet.remove(leader);
        let calls: Vec<_> = fleet.iter().map(Worker::next).collect();
        assert_eq!((tokens(&calls).len(), vendor.asked()), (1, 2));
    });
}

#[test]
fn lock_of_a_process_that_is_killed_is_free() {
    rounds(|| {
        let (folder, vendor) = (Folder::new(), Vendor::start());
        let plan = Plan::new(&vendor, folder.name());
        plan.run();
        let files = fs::read_dir(&folder.0).unwrap();
        let mut files = files.map(|file| file.unwrap().path());
        let lock = files.find(|file| file.extension().is_some_and(|it| it == "lock"));
        let mut holder = Command::new(env!("CARGO_BIN_EXE_fleet-worker"))
            .args([OsStr::new("hold"), lock.unwrap().as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut output = BufReader::new(holder.stdout.take().unwrap());
        output.read_line(&mut said).unwrap();
        assert!(said.contains("ready"), "{said}");

        // To look takes no lock. What has to be written is not, and the call goes on without.
        let worker = plan.start(0);
        worker.next();
        assert_eq!(vendor.issued(worker.ask().token()).serial, 1);
        let alone = worker.renew();
        assert_eq!(alone.text("store"), "left alone");
        assert_eq!(vendor.issued(alone.token()).serial, 2);

        holder.kill().unwrap();
        holder.wait().unwrap();
        let worker = plan.start(1);
        worker.next();
        let renewed = worker.renew();
        assert_eq!(renewed.text("store"), "well");
        assert_eq!(plan.run().token(), renewed.token());
        assert_eq!(vendor.asked(), 3);
    });
}

#[test]
fn program_that_runs_eight_times_logs_in_once_with_a_wrong_password_too() {
    rounds(|| {
        for password in [None, Some("s3cret-but-old")] {
            let (folder, vendor) = (Folder::new(), Vendor::start());
            let mut plan = Plan::new(&vendor, folder.name());
            plan.password = password.unwrap_or(plan.password);
            for _ in 0..8 {
                let call = plan.run();
                assert_eq!(
                    call.text("error").is_empty(),
                    password.is_none(),
                    "{call:?}"
                );
            }
            assert_eq!(vendor.asked(), 1);
        }
    });
}

#[test]
fn folder_that_cannot_be_written_to_costs_a_login_each_and_no_call() {
    rounds(|| {
        let (folder, vendor) = (Folder::new(), Vendor::start());
        // Nobody's rights matter here, not even root's.
        let mut plan = Plan::new(&vendor, "/proc/no-such-folder");
        assert_eq!(tokens(&[plan.run(), plan.run()]).len(), 2);
        // As on a full disk: no byte can be written.
        plan.store = folder.name();
        plan.before = "trap '' XFSZ; ulimit -f 0";
        assert_eq!(tokens(&[plan.run(), plan.run()]).len(), 2);
        // Room again.
        plan.before = ":";
        assert_eq!(tokens(&[plan.run(), plan.run()]).len(), 1);
        assert_eq!(vendor.asked(), 5);
        // It was full amid a renewal: what is there stays readable.
        plan.before = "trap '' XFSZ; ulimit -f 0";
        assert_eq!(vendor.issued(plan.run().token()).serial, 5);
    });
}

#[test]
fn files_are_for_their_owner_alone_whatever_the_umask() {
    rounds(|| {
        let (folder, vendor) = (Folder::new(), Vendor::start());
        let mut plan = Plan::new(&vendor, folder.name());
        plan.before = "umask 000";
        plan.run();
        assert_eq!(fs::metadata(&folder.0).unwrap().mode() & 0o777, 0o700);
        let mut files = 0;
        for file in fs::read_dir(&folder.0).unwrap() {
            assert_eq!(file.unwrap().metadata().unwrap().mode() & 0o777, 0o600);
            files += 1;
        }
        assert!(files > 0);
    });
}

#[test]
fn folder_by_a_link_is_the_same_folder() {
    rounds(|| {
        let (folder, link, vendor) = (Folder::new(), Folder::new(), Vendor::start());
        let plan = Plan::new(&vendor, folder.name());
        plan.run();
        symlink(&folder.0, &link.0).unwrap();
        Plan::new(&vendor, link.name()).run();
        assert_eq!(vendor.asked(), 1);
        fs::remove_file(&link.0).unwrap();
    });
}

/// One that is not there yet, and ends with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("fleet-{}-{number}", std::process::id());
        Self(env::temp_dir().join(name))
    }

    fn name(&self) -> String {
        self.0.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
