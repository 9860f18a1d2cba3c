//! How wide a formula is, about, and where its lines are broken.

/// Rows of an `aligned`: the name, and behind `&` the segments, each in pieces between which it may be broken. All on one
/// row if that is no wider than `width` (in em), else a row for each segment; a short end stays with what is before it.
pub fn rows(name: &str, segments: &[Vec<String>], width: f64) -> Vec<String> {
    let room = width - self::width(name);
    let wide = |pieces: &[String]| pieces.iter().map(|p| self::width(p) + BETWEEN).sum::<f64>();
    let whole = segments.iter().map(|s| wide(s)).sum::<f64>() <= room;
    let (mut rows, mut row, mut used) = (Vec::new(), format!("{name} &"), 0.0);
    for (i, segment) in segments.iter().enumerate() {
        let last = i + 1 == segments.len();
        let fits = used + wide(segment) <= room && (whole || last && i > 1);
        if i > 0 && !fits {
            rows.push(std::mem::replace(&mut row, "&".to_string()));
            used = 0.0;
        }
        for (number, piece) in segment.iter().enumerate() {
            if number > 0 && used + self::width(piece) > room {
                rows.push(std::mem::replace(&mut row, "&\\qquad ".to_string()));
                used = 2.0;
            }
            if !row.ends_with([' ', '&']) {
                row.push(' ');
            }
            row += piece;
            used += self::width(piece) + BETWEEN;
        }
    }
    rows.push(row);
    rows
}

/// The space that an operator at a piece's start has before it.
const BETWEEN: f64 = 0.5;

/// How wide a formula is in em, about; rather too much than too little.
pub fn width(latex: &str) -> f64 {
    Measure { rest: latex, binary: false }.all()
}

struct Measure<'a> {
    rest: &'a str,
    /// Whether something stands before on which an operator can act.
    binary: bool,
}

/// The width of a raised or lowered sign.
const SCRIPT: f64 = 0.82;

impl<'a> Measure<'a> {
    fn all(&mut self) -> f64 {
        let mut total = 0.0;
        while !self.rest.is_empty() {
            total += self.item() + self.scripts();
        }
        total
    }

    /// Above and below each other: the wider one counts.
    fn scripts(&mut self) -> f64 {
        let mut widest = 0.0_f64;
        while self.rest.starts_with(['^', '_']) {
            self.rest = &self.rest[1..];
            widest = widest.max(SCRIPT * width(self.group()) + 0.05);
        }
        widest
    }

    /// What stands in the braces that come next, or one sign or command.
    fn group(&mut self) -> &'a str {
        let end = match self.rest.strip_prefix('{') {
            Some(inside) => {
                let mut open = 1;
                let end = inside.find(|c| {
                    open += i32::from(c == '{') - i32::from(c == '}');
                    open == 0
                });
                end.map_or(self.rest.len(), |end| end + 2)
            }
            None => self.rest.chars().next().map_or(0, char::len_utf8),
        };
        let (group, rest) = self.rest.split_at(end);
        self.rest = rest;
        group.strip_prefix('{').and_then(|g| g.strip_suffix('}')).unwrap_or(group)
    }

    fn item(&mut self) -> f64 {
        if let Some(rest) = self.rest.strip_prefix('\\') {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len()).max(1).min(rest.len());
            let (name, rest) = rest.split_at(end);
            self.rest = rest;
            return self.command(name);
        }
        if self.rest.starts_with('{') {
            return width(self.group());
        }
        let sign = self.rest.chars().next().unwrap_or(' ');
        self.rest = &self.rest[sign.len_utf8()..];
        let before = self.binary;
        self.binary = !matches!(sign, '(' | '=' | '<' | '>' | '+' | '-' | ',') && (before || sign != ' ');
        match sign {
            ' ' => 0.0,
            '0'..='9' => 0.5,
            '.' => 0.28,
            ',' => 0.45,
            '(' | ')' | '[' | ']' | '\'' => 0.39,
            '+' | '-' => {
                if before {
                    1.23
                } else {
                    0.78
                }
            }
            '=' | '<' | '>' => 1.34,
            'W' | 'E' | 'X' => 0.95,
            'w' | 'm' => 0.72,
            _ => 0.57,
        }
    }

    fn command(&mut self, name: &str) -> f64 {
        let operand_before = std::mem::replace(&mut self.binary, true);
        match name {
            "frac" => width(self.group()).max(width(self.group())) + 0.25,
            "tfrac" => SCRIPT * width(self.group()).max(width(self.group())) + 0.25,
            "underset" => (SCRIPT * width(self.group())).max(width(self.group())),
            "boldsymbol" => 1.15 * width(self.group()),
            "sqrt" => width(self.group()) + 0.9,
            "text" | "operatorname" | "mathsf" => {
                self.group().chars().map(|c| if c.is_ascii() { 0.53 } else { 1.0 }).sum::<f64>()
            }
            "phantom" => width(self.group()),
            "begin" => self.table(),
            "left" | "right" | "bigl" | "bigr" => 0.15,
            "quad" => 1.0,
            "qquad" => 2.0,
            "," => 0.17,
            ";" => 0.28,
            "cdot" => {
                if operand_before {
                    0.73
                } else {
                    0.28
                }
            }
            "odot" | "times" | "cdots" => 1.25,
            "approx" | "leftarrow" | "to" | "le" | "ge" | "ne" => 1.6,
            "sum" => 1.5,
            "lvert" | "rvert" | "vert" | "Vert" => 0.4,
            name if name.len() <= 4 && matches!(name, "ln" | "sin" | "cos" | "max" | "min" | "tanh") => {
                0.55 * name.len() as f64 + 0.17
            }
            _ => 0.62,
        }
    }

    /// A matrix: its widest cells beside each other.
    fn table(&mut self) -> f64 {
        let name = self.group();
        let end = format!("\\end{{{name}}}");
        let (inside, rest) = self.rest.split_once(end.as_str()).unwrap_or((self.rest, ""));
        self.rest = rest;
        let mut columns: Vec<f64> = Vec::new();
        for row in inside.split("\\\\") {
            for (c, cell) in row.split('&').enumerate() {
                columns.resize(columns.len().max(c + 1), 0.0);
                columns[c] = columns[c].max(width(cell));
            }
        }
        columns.iter().sum::<f64>() + columns.len() as f64 + 0.6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Widths in em that TeX measured (`\wd` of the formula in a box, Computer Modern at 10 pt, divided by 10).
    #[test]
    fn formulas_are_about_as_wide_as_tex_makes_them() {
        for (latex, measured) in [
            ("w^{(1)}_{11}\\,x_{1} + w^{(1)}_{12}\\,x_{2}", 7.23),
            ("= \\frac{\\partial E}{\\partial w^{(1)}_{11}} \\approx 3.252", 7.31),
            ("\\begin{pmatrix}0.1 & 0.2\\\\ -0.3 & 4.125\\end{pmatrix}", 6.81),
            ("\\operatorname{sigmoid}'(a^{(2)}_{1})\\,(1 - z)", 9.18),
        ] {
            let estimate = width(latex);
            assert!(estimate >= 0.95 * measured && estimate <= 1.35 * measured, "{latex}: {estimate}, TeX {measured}");
        }
    }

    #[test]
    fn what_does_not_fit_gets_a_row_for_each_segment() {
        let segments: Vec<Vec<String>> = [&["= a"][..], &["= 12345", "+ 67890"], &["= 7"]]
            .iter()
            .map(|s| s.iter().map(|p| (*p).to_string()).collect())
            .collect();
        assert_eq!(rows("y", &segments, 40.0), ["y &= a = 12345 + 67890 = 7"]);
        assert_eq!(rows("y", &segments, 12.0), ["y &= a", "&= 12345 + 67890 = 7"]);
        assert_eq!(rows("y", &segments, 10.0), ["y &= a", "&= 12345 + 67890", "&= 7"]);
        assert_eq!(rows("y", &segments, 6.0), ["y &= a", "&= 12345", "&\\qquad + 67890", "&= 7"]);
    }
}
