//! Draws one of everything: `cargo run -p kudari-plot --example gallery -- FOLDER`.

use kudari_plot::{
    Anchor, Animation, Color, Grid, Legend, Levels, Picture, Plot, Ramp, Result, Scale, Stroke, TextStyle, grid, palette, row,
    save,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "gallery".to_owned()));
    std::fs::create_dir_all(&folder).map_err(|error| kudari_plot::Error::new(format!("{}: {error}", folder.display())))?;
    let pictures = [
        ("loss", loss()?),
        ("accuracy", accuracy()?),
        ("regions", regions()?),
        ("descent", descent()?),
        ("rosenbrock", rosenbrock()?),
        ("gradient", gradient()?),
        ("histogram", histogram()?),
        ("rates", rates()?),
        ("strip", strip()),
        ("marks", marks()),
    ];
    for (name, picture) in &pictures {
        write(&folder, name, picture)?;
    }
    write(&folder, "beside", &row(&[loss()?, accuracy()?]))?;
    let film = film()?;
    film.save(folder.join("descent.gif"))?;
    film.save(folder.join("descent.html"))
}

fn write(folder: &Path, name: &str, picture: &Picture) -> Result<()> {
    save(picture, folder.join(format!("{name}.svg")))?;
    save(picture, folder.join(format!("{name}.png")))
}

/// Numbers that look random and are the same every time, in −1 … 1.
fn noise(i: usize) -> f64 {
    let wide = (i as f64 * 12.9898 + 4.1).sin() * 43_758.545_3;
    2.0 * (wide - wide.floor()) - 1.0
}

/// Training curves with a band, on a logarithmic axis.
fn loss() -> Result<Picture> {
    let steps = || (1..=120).map(|i| 50.0 * i as f64);
    let curve = |rate: f64, floor: f64| move |step: f64| 2.3 * (-step / rate).exp() + floor;
    let (sgd, adam) = (curve(1100.0, 0.06), curve(420.0, 0.018));
    let noisy = |f: &dyn Fn(f64) -> f64, seed: usize| -> Vec<(f64, f64)> {
        steps().enumerate().map(|(i, step)| (step, f(step) * (1.0 + 0.12 * noise(i + seed)))).collect()
    };
    let band: Vec<(f64, f64, f64)> = steps().map(|step| (step, 0.8 * adam(step), 1.25 * adam(step))).collect();
    Plot::new("Cross-entropy while training, 784-50-10")
        .x_label("update")
        .y_label("loss")
        .y_scale(Scale::Logarithmic)
        .line("SGD, η = 0.1", &noisy(&sgd, 0))
        .band("Adam, η = 10⁻³, five seeds", &band)
        .line("Adam, η = 10⁻³, five seeds", &noisy(&adam, 500))
        .horizontal_line(10f64.ln(), "guessing: ln 10")
        .picture(520.0, 360.0)
}

/// Measurements at a few places, and reference lines.
fn accuracy() -> Result<Picture> {
    let at = |best: f64, speed: f64| -> Vec<(f64, f64)> {
        (1..=16).map(|epoch| (epoch as f64, best - 0.25 * (-(epoch as f64) / speed).exp())).collect()
    };
    let (train, test) = (at(0.998, 3.0), at(0.974, 2.2));
    Plot::new("Accuracy after every epoch")
        .x_label("epoch")
        .y_label("accuracy")
        .line("training", &train)
        .points("training", &train)
        .line("test", &test)
        .dashed()
        .points("test", &test)
        .vertical_line(11.0, "stopped here")
        .picture(520.0, 360.0)
}

/// Decision regions of two classes with the points that they were learned from.
fn regions() -> Result<Picture> {
    let decide = |x: f64, y: f64| {
        let logit = 3.0 * ((2.2 * x).sin() + 0.6 * x - 1.4 * y);
        1.0 / (1.0 + (-logit).exp())
    };
    let grid = Grid::from_fn(120, 100, (-3.0, 3.0), (-2.5, 2.5), decide)?;
    let scattered: Vec<(f64, f64)> = (0..220).map(|i| (2.9 * noise(3 * i), 2.4 * noise(3 * i + 1))).collect();
    let chosen = |class: bool| -> Vec<(f64, f64)> {
        let inside = |&&(x, y): &&(f64, f64)| (decide(x, y) > 0.5) == class && (decide(x, y) - 0.5).abs() > 0.2;
        scattered.iter().filter(inside).copied().collect()
    };
    Plot::new("What the network learned")
        .x_label("x₀")
        .y_label("x₁")
        .equal_aspect()
        .heat(&grid, Ramp::two_sided(0.0, 1.0).label("probability of class 1"))
        .contours(&grid, Levels::At(vec![0.5]))
        .color(Color::INK)
        .points("class 0", &chosen(false))
        .color(Color::rgb(0x12, 0x44, 0x78))
        .points("class 1", &chosen(true))
        .color(Color::rgb(0x9c, 0x3c, 0x00))
        .picture(520.0, 440.0)
}

/// x₀² + x₁² … stretched, and two ways down.
fn valley(x: f64, y: f64) -> f64 {
    x * x / 20.0 + y * y
}

fn walk(rate: f64, momentum: f64, steps: usize) -> Vec<(f64, f64)> {
    let (mut place, mut speed) = ((-7.0, 2.0), (0.0, 0.0));
    let mut path = vec![place];
    for _ in 0..steps {
        speed = (momentum * speed.0 - rate * place.0 / 10.0, momentum * speed.1 - rate * 2.0 * place.1);
        place = (place.0 + speed.0, place.1 + speed.1);
        path.push(place);
    }
    path
}

fn descent_plot(steps: usize) -> Result<Plot> {
    let grid = Grid::from_fn(161, 81, (-8.0, 8.0), (-4.0, 4.0), valley)?;
    Ok(Plot::new("f(x, y) = x²/20 + y²")
        .x_label("x")
        .y_label("y")
        .equal_aspect()
        .contours(&grid, Levels::Automatic(8))
        .labelled()
        .path("SGD, η = 0.95", &walk(0.95, 0.0, steps))
        .path("momentum, η = 0.1, α = 0.9", &walk(0.1, 0.9, steps))
        .marker(0.0, 0.0, ""))
}

fn descent() -> Result<Picture> {
    descent_plot(30)?.picture(560.0, 380.0)
}

/// A narrow valley needs levels in the logarithm.
fn rosenbrock() -> Result<Picture> {
    let f = |x: f64, y: f64| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
    let grid = Grid::from_fn(201, 161, (-2.0, 2.0), (-1.0, 3.0), f)?;
    let (mut x, mut y, mut speed) = (-1.5_f64, 2.0_f64, (0.0, 0.0));
    let mut path = vec![(x, y)];
    for _ in 0..400 {
        let slope = (-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x));
        speed = (0.9 * speed.0 - 1e-3 * slope.0, 0.9 * speed.1 - 1e-3 * slope.1);
        (x, y) = (x + speed.0, y + speed.1);
        path.push((x, y));
    }
    Plot::new("Rosenbrock’s valley")
        .x_label("x")
        .y_label("y")
        .contours(&grid, Levels::Logarithmic(14))
        .path("momentum, η = 10⁻³, α = 0.9, 400 steps", &path)
        .color(palette(1))
        .marker(1.0, 1.0, "minimum")
        .picture(520.0, 420.0)
}

/// −∇(x₀² + x₁²).
fn gradient() -> Result<Picture> {
    let place = |i: usize| -2.0 + 0.25 * i as f64;
    let arrows: Vec<(f64, f64, f64, f64)> =
        (0..17 * 17).map(|i| (place(i % 17), place(i / 17))).map(|(x, y)| (x, y, -2.0 * x, -2.0 * y)).collect();
    Plot::new("−∇(x₀² + x₁²)").x_label("x₀").y_label("x₁").equal_aspect().arrows(&arrows).picture(440.0, 440.0)
}

/// Activations of a layer before and after an initialisation.
fn histogram() -> Result<Picture> {
    let bars: Vec<(f64, f64, f64)> = (0..30)
        .map(|i| {
            let left = -3.0 + 0.2 * i as f64;
            (left, left + 0.2, (12_000.0 * (-(left + 0.1).powi(2) / 2.0).exp()).round())
        })
        .collect();
    Plot::new("Activations of layer 3").x_label("activation").y_label("units").bars("He", &bars).picture(520.0, 320.0)
}

/// Both axes logarithmic, beside a legend in a column.
fn rates() -> Result<Picture> {
    let error = |order: i32, floor: f64| -> Vec<(f64, f64)> {
        (0..=60).map(|i| 10f64.powf(-15.0 + 0.25 * i as f64)).map(|h| (h, h.powi(order) + floor / h)).collect()
    };
    Plot::new("Error of numerical differentiation")
        .x_label("h")
        .y_label("relative error")
        .x_scale(Scale::Logarithmic)
        .y_scale(Scale::Logarithmic)
        .line("forward", &error(1, 1e-16))
        .line("central", &error(2, 1e-16))
        .legend(Legend::Beside)
        .picture(560.0, 340.0)
}

/// Small images side by side.
fn strip() -> Picture {
    let digit = |shape: usize| -> Picture {
        let mut picture = Picture::new(84.0, 104.0);
        let ink = |i: usize| {
            let (x, y) = ((i % 14) as f64 - 6.5, (i / 14) as f64 - 6.5);
            let distance = match shape % 3 {
                0 => (x.hypot(1.1 * y) - 4.2).abs(),
                1 => (x + 0.15 * y).abs(),
                _ => (y.abs() - 4.0).abs().min((x - y).abs()),
            };
            Color::gray((0.6 * distance).min(1.0))
        };
        picture.raster(0.0, 0.0, 84.0, 84.0, 14, 14, (0..196).map(ink).collect());
        picture.rect(0.5, 0.5, 83.0, 83.0, Stroke::new(Color::LIGHT, 1.0));
        picture.text(42.0, 99.0, &format!("p = 0.{}", 9 - shape), TextStyle::new(11.0).anchor(Anchor::Middle));
        picture
    };
    grid(&(0..8).map(digit).collect::<Vec<_>>(), 4, 12.0).with_margin(12.0)
}

/// Every mark, every colour, and the letters that formulas need.
fn marks() -> Picture {
    let mut picture = Picture::new(520.0, 300.0);
    picture.describe("Marks", "Palette, ramps, shapes and letters");
    for i in 0..10 {
        let x = 20.0 + 48.0 * i as f64;
        picture.rect(x, 16.0, 40.0, 28.0, palette(i));
        picture.text(x + 20.0, 58.0, &i.to_string(), TextStyle::new(11.0).anchor(Anchor::Middle));
    }
    let ramp = |ramp: &Ramp| (0..96).map(|i| ramp.color(i as f64 / 95.0)).collect::<Vec<_>>();
    picture.raster(20.0, 72.0, 472.0, 16.0, 96, 1, ramp(&Ramp::sequential(0.0, 1.0)));
    picture.raster(20.0, 94.0, 472.0, 16.0, 96, 1, ramp(&Ramp::two_sided(0.0, 1.0)));
    let thin = Stroke::new(Color::INK, 1.2);
    picture
        .circle(50.0, 160.0, 24.0, thin)
        .polygon(&[(100.0, 184.0), (124.0, 138.0), (148.0, 184.0)], palette(2).with_opacity(0.4));
    picture.arrow((170.0, 184.0), (230.0, 140.0), thin).line(&[(250.0, 140.0), (310.0, 184.0)], thin.dashed());
    picture.clip(330.0, 140.0, 60.0, 40.0, |inside| {
        inside.circle(330.0, 140.0, 40.0, palette(4)).circle(390.0, 180.0, 30.0, palette(5));
    });
    picture.rect(330.0, 140.0, 60.0, 40.0, thin).text(420.0, 184.0, "turned", TextStyle::new(12.0).rotate(-30.0));
    let letters = "αβγδεηθλμσφψω ΔΣΩ ∂L/∂w = ∇f  x² x₁ ½ ⅓ 10⁻³ ← → ↑ ↓ ≤ ≥ ≈ ≠ ± × √ ∞ ‖w‖ ŷ";
    picture.text(20.0, 220.0, letters, TextStyle::new(13.0)).text(20.0, 244.0, letters, TextStyle::new(11.0));
    picture.text(20.0, 270.0, "Bold: softmax, cross-entropy, 0123456789", TextStyle::new(13.0).bold()).clone()
}

/// Two optimizers, one step a frame.
fn film() -> Result<Animation> {
    let mut film = Animation::new("Two ways down", Duration::from_millis(200));
    for step in 0..=30 {
        film.push(descent_plot(step)?.picture(560.0, 380.0)?, format!("step {step}"));
    }
    Ok(film)
}
