use std::time::Instant;

use crate::process::Result;

/// One check of a command that consists of several: it can be run alone by its name.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) headline: &'static str,
    pub(crate) run: fn() -> Result,
}

/// Runs the steps in order up to the first failure: all of them, or those named.
pub(crate) fn run(command: &str, steps: &[Step], named: &[&str]) -> Result {
    let chosen = choose(steps, named)?;
    let mut durations = String::new();
    for step in chosen {
        println!("\n=== {command} {}: {}", step.name, step.headline);
        let start = Instant::now();
        (step.run)().map_err(|error| {
            format!(
                "{error}\nstep `{0}` failed: cargo xtask {command} {0}",
                step.name
            )
        })?;
        let seconds = start.elapsed().as_secs_f32();
        println!("=== {command} {}: passed in {seconds:.1} s", step.name);
        durations += &format!("{:<12} {seconds:>7.1} s\n", step.name);
    }
    println!("\n{durations}");
    Ok(())
}

fn choose<'a>(steps: &'a [Step], named: &[&str]) -> Result<Vec<&'a Step>> {
    if named.is_empty() {
        return Ok(steps.iter().collect());
    }
    let find = |name: &&str| {
        steps.iter().find(|step| step.name == *name).ok_or_else(|| {
            let known: Vec<_> = steps.iter().map(|step| step.name).collect();
            format!("there is no step `{name}`: {}", known.join(", ")).into()
        })
    };
    named.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const STEPS: [Step; 2] = [
        Step {
            name: "good",
            headline: "passes",
            run: || Ok(()),
        },
        Step {
            name: "bad",
            headline: "fails",
            run: || Err("it broke".into()),
        },
    ];

    #[test]
    fn without_names_all_steps_run() {
        let chosen = choose(&STEPS, &[]).unwrap();
        assert_eq!(
            chosen.iter().map(|step| step.name).collect::<Vec<_>>(),
            ["good", "bad"]
        );
    }

    #[test]
    fn named_steps_run_alone() {
        run("ci", &STEPS, &["good"]).unwrap();
    }

    #[test]
    fn a_failed_step_says_how_to_run_it_alone() {
        let error = run("ci", &STEPS, &[]).unwrap_err().to_string();
        assert!(
            error.contains("it broke") && error.contains("cargo xtask ci bad"),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_step_is_refused_with_those_there_are() {
        let error = run("ci", &STEPS, &["god"]).unwrap_err().to_string();
        assert!(error.contains("`god`: good, bad"), "{error}");
    }
}
