//! Which classes were taken for which.

use std::fmt::Write;

use super::text::{count, escape, percent, whole};
use crate::train::evaluate::Analysis;

/// With more classes than this a table would be unreadable, so the pairs that are confused most are listed.
const MOST_CLASSES: usize = 30;
/// The unit of the last row, which narrow screens leave out.
const UNIT: &str = "<span class=\"unit\">\u{a0}%</span>";
/// That many pairs are listed.
const PAIRS: usize = 20;

/// A confusion matrix with the names of its classes.
pub(super) struct Confusion<'a> {
    counts: &'a [Vec<usize>],
    names: Vec<String>,
}

/// A class that was taken for another.
struct Pair {
    class: usize,
    taken_for: usize,
    times: usize,
}

/// A class's name, escaped; its number if it has none.
pub(super) fn class_name(classes: &[String], class: usize) -> String {
    classes.get(class).map_or_else(|| format!("class {class}"), |name| escape(name))
}

impl<'a> Confusion<'a> {
    /// The confusion matrix of an analysis.
    pub fn new(analysis: &'a Analysis, classes: &[String]) -> Confusion<'a> {
        let names = (0..analysis.confusion.len()).map(|i| class_name(classes, i)).collect();
        Confusion { counts: &analysis.confusion, names }
    }

    /// The section's content: what stands out in a sentence, then the table or the list.
    pub fn html(&self) -> String {
        let many = self.names.len() > MOST_CLASSES;
        format!("<p>{}</p>\n{}", self.in_words(), if many { self.pairs_table() } else { self.matrix() })
    }

    fn at(&self, class: usize, taken_for: usize) -> usize {
        self.counts.get(class).and_then(|row| row.get(taken_for)).copied().unwrap_or(0)
    }

    /// Samples of a class.
    fn of_class(&self, class: usize) -> usize {
        self.counts.get(class).map_or(0, |row| row.iter().sum())
    }

    /// The share of a class's samples that are taken for it; NaN of none.
    fn recall(&self, class: usize) -> f64 {
        self.at(class, class) as f64 / self.of_class(class) as f64
    }

    /// The share of what is taken for a class that is of it; NaN of none.
    fn precision(&self, class: usize) -> f64 {
        let taken: usize = (0..self.counts.len()).map(|row| self.at(row, class)).sum();
        self.at(class, class) as f64 / taken as f64
    }

    /// All pairs that were confused, the most frequent first.
    fn pairs(&self) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (class, row) in self.counts.iter().enumerate() {
            let wrong = row.iter().enumerate().filter(|&(taken_for, &times)| taken_for != class && times > 0);
            pairs.extend(wrong.map(|(taken_for, &times)| Pair { class, taken_for, times }));
        }
        // The sort is stable: pairs of equal frequency stay in the order of the classes.
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.times));
        pairs
    }

    fn name(&self, class: usize) -> &str {
        self.names.get(class).map_or("?", String::as_str)
    }

    fn in_words(&self) -> String {
        let all: usize = (0..self.counts.len()).map(|class| self.of_class(class)).sum();
        let pairs = self.pairs();
        let wrong: usize = pairs.iter().map(|pair| pair.times).sum();
        if wrong == 0 {
            return format!("All of {} are classified rightly.", count(all, "test sample"));
        }
        let is = if wrong == 1 { "is" } else { "are" };
        let share = percent(wrong as f64 / all as f64, super::text::percent_decimals(all));
        let most = pairs.iter().filter(|pair| pair.times > 1).take(3);
        let most = most
            .map(|p| format!("<b>{}</b> for <b>{}</b> ({} times)", self.name(p.class), self.name(p.taken_for), whole(p.times)));
        let most: Vec<String> = most.collect();
        let most = if most.is_empty() { String::new() } else { format!(" Most often {}.", most.join(", ")) };
        format!("{} of {} {is} taken for another class ({share}).{most}", whole(wrong), count(all, "test sample"))
    }

    fn matrix(&self) -> String {
        let classes = self.names.len();
        let largest = self.pairs().first().map_or(1, |pair| pair.times) as f64;
        // Long names stand upright above narrow columns.
        let upright = classes > 4 && self.names.iter().any(|name| name.chars().count() > 5);
        let mut html = format!(
            "<p class=\"aside\">Rows are the true classes, columns what they were taken for; an empty cell is 0. <b>Recall</b> is the \
             share of a class that was recognised, <b>precision</b> the share that is right of what was taken for a class.</p>\n\
             <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\">\n<table class=\"matrix{}{}\">\n\
             <caption class=\"unseen\">Confusion matrix</caption>\n<thead><tr><th scope=\"col\"><span class=\"axes\">true ↓<br>\
             taken for →</span></th>",
            if upright { " upright" } else { "" },
            if classes > 12 { " dense" } else { "" }
        );
        for name in &self.names {
            let _ = write!(html, "<th scope=\"col\"><span>{name}</span></th>");
        }
        html.push_str(
            "<th scope=\"col\" class=\"rate\">samples</th><th scope=\"col\" class=\"rate\">recall</th></tr></thead>\n<tbody>\n",
        );
        for (class, name) in self.names.iter().enumerate() {
            let _ = write!(html, "<tr><th scope=\"row\">{name}</th>");
            for taken_for in 0..classes {
                let times = self.at(class, taken_for);
                if class == taken_for {
                    let _ = write!(html, "<td class=\"right\">{}</td>", whole(times));
                } else if times == 0 {
                    html.push_str("<td></td>");
                } else {
                    // The root lets few errors be seen beside many.
                    let heat = (times as f64 / largest).sqrt();
                    let _ = write!(html, "<td class=\"wrong\" style=\"--heat:{heat:.2}\">{}</td>", whole(times));
                }
            }
            let _ = writeln!(
                html,
                "<td class=\"rate\">{}</td><td class=\"rate\">{}</td></tr>",
                whole(self.of_class(class)),
                percent(self.recall(class), 1)
            );
        }
        html.push_str("</tbody>\n<tfoot><tr><th scope=\"row\">precision</th>");
        for class in 0..classes {
            let _ = write!(html, "<td>{}</td>", percent(self.precision(class), 1).replace("\u{a0}%", UNIT));
        }
        html + "<td class=\"rate\"></td><td class=\"rate\"></td></tr></tfoot>\n</table></div>\n"
    }

    fn pairs_table(&self) -> String {
        let pairs = self.pairs();
        if pairs.is_empty() {
            return String::new();
        }
        let shown = pairs.len().min(PAIRS);
        let mut html = format!(
            "<p class=\"aside\">The {} that are confused most, of {} classes.</p>\n<div class=\"scroll\"><table>\n\
             <caption class=\"unseen\">Most confused classes</caption>\n<thead><tr><th scope=\"col\">class</th>\
             <th scope=\"col\">taken for</th><th scope=\"col\" class=\"n\">times</th>\
             <th scope=\"col\" class=\"n\">of the class</th></tr></thead>\n<tbody>\n",
            count(shown, "pair"),
            self.names.len()
        );
        for pair in pairs.iter().take(PAIRS) {
            let share = percent(pair.times as f64 / self.of_class(pair.class) as f64, 1);
            let (class, taken_for) = (self.name(pair.class), self.name(pair.taken_for));
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">{class}</th><td>{taken_for}</td><td class=\"n\">{}</td><td class=\"n\">{share}</td></tr>",
                whole(pair.times)
            );
        }
        html + "</tbody>\n</table></div>\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(confusion: Vec<Vec<usize>>, classes: &[&str]) -> String {
        let names: Vec<String> = classes.iter().map(|c| c.to_string()).collect();
        Confusion::new(&Analysis { confusion, worst: Vec::new() }, &names).html()
    }

    #[test]
    fn counts_recall_and_precision() {
        let page = html(vec![vec![8, 2, 0], vec![0, 9, 1], vec![0, 0, 0]], &["cat", "<dog>", "elk"]);
        assert!(page.contains("3 of 20 test samples are taken for another class (15.0\u{a0}%). Most often <b>cat</b> for <b>&lt;dog&gt;</b> (2 times)."));
        assert!(page.contains("<th scope=\"row\">cat</th><td class=\"right\">8</td><td class=\"wrong\" style=\"--heat:1.00\">2</td><td></td><td class=\"rate\">10</td><td class=\"rate\">80.0\u{a0}%</td>"));
        // Nothing of the last class, and one sample wrongly taken for it.
        assert!(page.contains("<td class=\"right\">0</td><td class=\"rate\">0</td><td class=\"rate\">–</td>"));
        assert!(page.contains("<th scope=\"row\">precision</th><td>100<span class=\"unit\">\u{a0}%</span></td><td>81.8<span"));
        assert!(!page.contains("<dog>"));
    }

    #[test]
    fn nothing_wrong_and_nothing_at_all() {
        assert!(html(vec![vec![1, 0], vec![0, 1]], &["0", "1"]).contains("All of 2 test samples are classified rightly."));
        assert!(html(Vec::new(), &[]).contains("All of 0 test samples"));
        // Fewer names than classes, and rows that are too short.
        assert!(html(vec![vec![1], vec![3]], &["a"]).contains("<th scope=\"row\">class 1</th>"));
    }

    #[test]
    fn many_classes_are_a_list() {
        let mut confusion = vec![vec![0; 40]; 40];
        for (i, row) in confusion.iter_mut().enumerate() {
            row[i] = 10;
            row[(i + 1) % 40] = i;
        }
        let page = html(confusion, &[]);
        assert!(page.contains("The 20 pairs that are confused most, of 40 classes."));
        assert_eq!(page.matches("<tr>").count(), 21);
        let first = page.find("<th scope=\"row\">class 39</th><td>class 0</td>").unwrap();
        assert!(first < page.find("<th scope=\"row\">class 38</th>").unwrap());
    }
}
