//! The examples print the published figures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// Each example is a program of its own; here only what it prints is wanted.
#[allow(dead_code)]
#[path = "../examples/descent.rs"]
mod descent;
#[allow(dead_code)]
#[path = "../examples/losses.rs"]
mod losses;
#[allow(dead_code)]
#[path = "../examples/numerical_differentiation.rs"]
mod numerical_differentiation;

/// Every number in a text, in order.
fn numbers(text: &str) -> Vec<f64> {
    let belongs = |c: char| c.is_ascii_digit() || "+-.e".contains(c);
    text.split(|c| !belongs(c)).filter_map(|word| word.trim_end_matches('.').parse().ok()).collect()
}

/// Looks for lines with `mark` in it; each has these numbers somewhere, to this relative tolerance.
#[track_caller]
fn line_has(page: &str, mark: &str, expected: &[f64], tolerance: f64) {
    let line = page.lines().find(|line| line.contains(mark)).unwrap_or_else(|| panic!("no line with {mark}:\n{page}"));
    let found = numbers(line);
    for e in expected {
        assert!(found.iter().any(|f| (f - e).abs() <= tolerance * e.abs()), "{e} is not in: {line}");
    }
}

/// ACCEPTANCE, section A.
#[test]
fn losses_prints_the_published_losses() {
    let page = losses::figures().unwrap();
    line_has(&page, "0.5108256237", &[0.5108256237659907, 0.510825457099338], 1e-12);
    line_has(&page, "1.609437912", &[1.6094379124341003, 1.6094374124342252], 1e-12);
    line_has(&page, "ten classes", &[0.5108256237659907, 0.0975], 1e-12);
    line_has(&page, "mistake, exact", &[1.0, -1.0], 1e-8);
    line_has(&page, "mistake, with 1e-7", &[0.02019528, -0.02019528], 1e-9);
    line_has(&page, "softmax", &[0.01821127329554753, 0.24519181293507392, 0.7365969137693786, 1.0], 1e-12);
}

/// ACCEPTANCE, section B: digit for digit.
#[test]
fn numerical_differentiation_prints_the_published_derivatives() {
    let page = numerical_differentiation::figures().unwrap();
    for (h, expected) in [
        ("1e-1:", 5.9999999999999964),
        ("1e-4:", 6.00000000000378),
        ("1e-5:", 6.000000000128124),
        ("1e-8:", 5.99999978589949),
        ("1e-10:", 6.000000496442226),
        ("1e-12:", 6.000533403494046),
        ("1e-15:", 7.105427357601001),
        ("1e-49:", 0.0),
    ] {
        line_has(&page, &format!("h = {h}"), &[expected], 0.0);
    }
    assert!(page.contains("h = 1e-49: 0   all digits are lost"));
    line_has(&page, "forward", &[6.000099999994291], 0.0);
    line_has(&page, "at 5:", &[0.1999999999990898], 0.0);
    line_has(&page, "at 10:", &[0.2999999999986347], 0.0);
    line_has(&page, "at [3.0, 4.0]", &[6.00000000000378, 7.999999999999119, 6.0, 8.0], 0.0);
    line_has(&page, "at [0.0, 2.0]", &[0.0, 4.000000000004, 4.0], 0.0);
    line_has(&page, "at [3.0, 0.0]", &[6.000000000012662, 0.0, 6.0], 0.0);
    line_has(&page, "a column", &[2.0, 4.0, 6.0], 1e-9);
}

/// ACCEPTANCE, section C.
#[test]
fn descent_prints_the_published_ends_and_what_must_be_said() {
    let page = descent::figures().unwrap();
    let verdict_of = |mark: &str| {
        let mut lines = page.lines().skip_while(|line| !line.contains(mark));
        lines.nth(1).unwrap().to_string()
    };
    for (mark, end, verdict) in [
        ("η = 1e-1, 100 steps, exact", [-6.111107929003493e-10, 8.14814390533799e-10], "converges, ×0.8 a step"),
        ("η = 1e-1, 100 steps, numerical", [-6.111107928998789e-10, 8.148143905314271e-10], "converges, ×0.8 a step"),
        ("η = 1e-1, 20 steps, numerical", [-0.03458764513817675, 0.04611686018418694], "×0.8 a step"),
        ("η = 1e1, 100 steps, exact", [-2.2515487259475596e128, 3.002064967930081e128], "diverges, ×19 a step"),
        ("η = 1e1, 100 steps, numerical", [-25898374737328.363, -1295248616896.5398], "the end point is an artefact"),
        ("η = 1e-10, 100 steps, exact", [-2.999999939999995, 3.9999999199999934], "hardly moves: 2e-8 of the way"),
        ("η = 1e0, 100 steps, exact", [-3.0, 4.0], "neither converges nor diverges"),
    ] {
        line_has(&page, mark, &end, 1e-12);
        assert!(verdict_of(mark).contains(verdict), "{mark}: {}", verdict_of(mark));
    }
}
